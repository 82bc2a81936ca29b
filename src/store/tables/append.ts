import { StoreError } from '../../errors.ts';
import type {
  AppendEntry,
  AppendParams,
  AppendResult,
  LeasedDelivery,
  NewDelivery,
  NewMessage,
} from '../store.ts';
import { countState, leaseDelivery, noteIfFinished, requeue } from './changes.ts';
import { createDeliveryRow } from './delivery-rows.ts';
import { addHiddenEndpoint } from './endpoints.ts';
import { createMessageRow } from './message-rows.ts';
import type { DeliveryRow, LaneRow, MessageRow } from './rows.ts';
import type { Tables } from './tables.ts';

/** Stores a batch; nothing below can throw once there is room. */
export function append(tables: Tables, params: AppendParams, maxMessages: number): readonly AppendResult[] {
  const now = tables.now();
  makeRoom(tables, params.entries.length, maxMessages);
  for (const record of params.hiddenEndpoints) addHiddenEndpoint(tables, record, now);
  return params.entries.map((entry) => appendEntry(tables, entry, params, now));
}

/** Adds a delivery to a message, in no queue yet. `undefined` when the endpoint has one of this message. */
export function addDelivery(
  tables: Tables,
  message: MessageRow,
  delivery: NewDelivery,
  now: number,
): DeliveryRow | undefined {
  const ledger = tables.openLedger(delivery.endpointId, delivery.laneId);
  if (ledger.lastMessage === message.sequence) return undefined;
  ledger.lastMessage = message.sequence;
  const row = createDeliveryRow(delivery, { sequence: tables.nextSequence(), now, message, ledger });
  tables.deliveries.set(row.id, row);
  tables.deliveryOrder.push(row);
  ledger.deliveries.push(row);
  // Most messages have one delivery, and pushing to an empty array reserves room for sixteen.
  if (message.deliveries.length === 0) message.deliveries = [row];
  else message.deliveries.push(row);
  countState(message, row.state, 1);
  tables.changes.noteDelivery(row);
  return row;
}

/** Lets the oldest finished messages go. Duplicates in the batch count as if they were new: a few more may go than must. */
function makeRoom(tables: Tables, entries: number, maxMessages: number): void {
  const excess = tables.messages.size + entries - maxMessages;
  if (excess <= 0) return;
  if (tables.finished.size < excess) {
    throw new StoreError(
      `Cannot store ${entries} more messages: the ${tables.storeName} store holds ${tables.messages.size} of at most ${maxMessages}, ` +
        'and too few of them are finished to make room. Raise maxMessages, or look for endpoints that are paused or ' +
        'do not answer.',
      { code: 'store_full' },
    );
  }
  for (let removed = 0; removed < excess; removed += 1) tables.removeMessage(tables.finished.oldest()!);
}

function appendEntry(tables: Tables, entry: AppendEntry, params: AppendParams, now: number): AppendResult {
  const holder = params.idempotencyWindowMs > 0 ? tables.keys.find(entry.message, now) : undefined;
  const existing = tables.messages.get(entry.message.id) ?? holder;
  if (existing !== undefined) return referTo(existing, entry.message);
  const message = addMessage(tables, entry, params, now);
  const leased: LeasedDelivery[] = [];
  for (const delivery of entry.deliveries) {
    const row = addDelivery(tables, message, delivery, now);
    if (row === undefined || row.state !== 'scheduled') continue;
    if (delivery.lease !== undefined && isLeasable(row, now)) {
      const { leaseMs, owner } = params;
      leased.push(leaseDelivery(tables, row, { lease: delivery.lease, leaseMs, owner }, now));
    } else {
      requeue(tables, row, now);
    }
  }
  noteIfFinished(tables, message, now);
  return { kind: 'stored', leased };
}

function addMessage(tables: Tables, entry: AppendEntry, params: AppendParams, now: number): MessageRow {
  const row = createMessageRow(entry.message, {
    sequence: tables.nextSequence(),
    now,
    fannedOut: entry.fannedOut,
    idempotencyWindowMs: params.idempotencyWindowMs,
  });
  tables.messages.set(row.message.id, row);
  tables.messageOrder.push(row);
  tables.keys.add(row);
  tables.changes.noteMessage(row);
  if (!entry.fannedOut) {
    tables.unmatched.set(row.message.id, row);
    tables.watchers.noteFanOut();
  }
  return row;
}

function referTo(existing: MessageRow, message: NewMessage): AppendResult {
  const messageId = existing.message.id;
  const same = existing.message.tenant === message.tenant && existing.fingerprint === message.fingerprint;
  if (!same) return { kind: 'conflict', messageId };
  const deliveries = existing.deliveries.map((row) => ({ id: row.id, endpointId: row.ledger.endpointId }));
  return { kind: 'duplicate', messageId, deliveries };
}

function isClosed({ paused, held, blockedUntil, trips }: LaneRow, now: number): boolean {
  return paused || held || blockedUntil > now || trips > 0;
}

/** Only a claim keeps its limits. */
function isLimited({ rate, maxLeases }: LaneRow): boolean {
  return rate !== undefined || maxLeases < Infinity;
}

function isLeasable(row: DeliveryRow, now: number): boolean {
  const { lane } = row;
  if (row.message.message.test) return true;
  return row.orderingKey === undefined && !isLimited(lane) && !isClosed(lane, now);
}
