import type {
  ClaimFanOutParams,
  ClaimFanOutResult,
  CompleteFanOutParams,
  CompleteFanOutResult,
  FanOutClaim,
  NewDelivery,
} from '../store.ts';
import { addDelivery } from './append.ts';
import { noteIfFinished, requeue } from './changes.ts';
import type { MessageRow } from './rows.ts';
import type { Tables } from './tables.ts';

const NO_TURN = { lease: undefined, until: 0 };

/** Leases unmatched messages, oldest first. Costs as much as there are leased ones before them. */
export function claimFanOut(tables: Tables, params: ClaimFanOutParams): ClaimFanOutResult {
  const now = tables.now();
  if (tables.fanOutTurn !== undefined && now < tables.fanOutTurn.until)
    return { claims: [], busy: tables.unmatched.size > 0 };
  const claims: FanOutClaim[] = [];
  for (const row of tables.unmatched.values()) {
    if (claims.length >= params.limit) break;
    if (row.fanOutLease !== undefined && now < row.fanOutUntil) continue;
    row.fanOutLease = params.lease;
    row.fanOutUntil = now + params.leaseMs;
    tables.changes.noteFanOut(row);
    claims.push({ message: row.message, lease: params.lease });
  }
  if (claims.length > 0) tables.fanOutTurn = { lease: params.lease, until: now + params.leaseMs };
  return { claims, busy: false };
}

/** Adds the deliveries of matched messages. */
export function completeFanOut(
  tables: Tables,
  params: CompleteFanOutParams,
): readonly CompleteFanOutResult[] {
  const now = tables.now();
  if (params.turn !== undefined && !endTurn(tables, params.turn))
    return params.results.map(() => ({ stored: [] }));
  return params.results.map(({ messageId, lease, deliveries }) => {
    const message = tables.messages.get(messageId);
    if (message === undefined || !isOpenTo(message, lease)) return { stored: [] };
    if (message.fannedOut && !deliveries.some((delivery) => isMissing(message, delivery)))
      return { stored: [] };
    // Before the counts change: they tell in which list of finished messages it is.
    if (message.finishedAt !== undefined) tables.finished.remove(message);
    for (const existing of message.deliveries) existing.ledger.lastMessage = message.sequence;
    const stored: string[] = [];
    for (const delivery of deliveries) {
      const row = addDelivery(tables, message, delivery, now);
      if (row === undefined) continue;
      stored.push(row.id);
      if (row.state === 'scheduled') requeue(tables, row, now);
    }
    message.fannedOut = true;
    message.fanOutLease = undefined;
    tables.changes.noteFanOut(message);
    tables.unmatched.delete(messageId);
    noteIfFinished(tables, message, now);
    return { stored };
  });
}

function isMissing(message: MessageRow, { endpointId }: NewDelivery): boolean {
  return !message.deliveries.some(({ ledger }) => ledger.endpointId === endpointId);
}

/** A message that is not matched belongs to the holder of its lease; one that is takes more from anybody. */
function isOpenTo(message: MessageRow, lease: string | undefined): boolean {
  return message.fannedOut ? lease === undefined : lease !== undefined && message.fanOutLease === lease;
}

/** False when somebody else has had it since, or it was ended. */
function endTurn(tables: Tables, turn: string): boolean {
  if (tables.fanOutTurn !== undefined && tables.fanOutTurn.lease !== turn) return false;
  tables.fanOutTurn = NO_TURN;
  return true;
}
