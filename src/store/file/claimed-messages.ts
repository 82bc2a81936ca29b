import type { Message } from '../../core/message.ts';
import { transition } from '../../core/transition.ts';
import type { LeasedDelivery } from '../store.ts';
import { applyTransition, logAttempt, NO_LIMITS } from '../tables/changes.ts';
import type { MessageRow } from '../tables/rows.ts';
import type { Tables } from '../tables/tables.ts';
import type { OpenFolder } from './folder-state.ts';

/** Something that was claimed together with its message. */
interface WithMessage {
  readonly message: Message;
}

/** Begins to read the messages of what was just claimed. */
export function readMessages(
  { rows, texts }: OpenFolder,
  claimed: readonly WithMessage[],
): Promise<readonly (Message | undefined)[]> {
  return texts.messages(claimed.map(({ message }) => rowOf(rows.tables, message)));
}

/** What was claimed, with the messages that were read. What has none is left out. */
export function withMessages<Claimed extends WithMessage>(
  claimed: readonly Claimed[],
  messages: readonly (Message | undefined)[],
): readonly Claimed[] {
  return claimed.flatMap((one, index) => {
    const message = messages[index];
    return message === undefined ? [] : [{ ...one, message }];
  });
}

/** Deliveries whose message cannot be read will never be sent: they fail, and the log of attempts says why. */
export function failUnreadable(tables: Tables, leased: readonly LeasedDelivery[]): void {
  const now = tables.now();
  for (const { id, lease } of leased) {
    const row = tables.deliveries.get(id);
    if (row === undefined || row.state !== 'sending' || row.lease !== lease) continue;
    const reason = 'bad_request';
    const detail = 'The message cannot be read: the journal of the file store is damaged.';
    const event = { kind: 'dispatcher_failed', reason } as const;
    const attempt = { attempt: row.attempts, durationMs: 0, response: undefined, traceparent: undefined };
    logAttempt(tables, row, { outcome: 'dispatcher_failed', reason, detail, ...attempt }, now);
    applyTransition(tables, row, transition(row, event, { ...NO_LIMITS, maxFaults: 0 })!, now);
  }
}

function rowOf(tables: Tables, message: Message): MessageRow {
  // Found in this very turn: what was claimed is there.
  return tables.messages.get(message.id)!;
}
