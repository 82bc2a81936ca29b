import type { Message } from '../../core/message.ts';
import type { NewMessage, StoredMessage } from '../store.ts';
import type { MessageRow } from './rows.ts';

/** The row of a message without deliveries. */
export function createMessageRow(
  message: NewMessage,
  place: { sequence: number; now: number; fannedOut: boolean; idempotencyWindowMs: number },
): MessageRow {
  return {
    sequence: place.sequence,
    removed: false,
    place: undefined,
    previous: undefined,
    next: undefined,
    message: {
      id: message.id,
      tenant: message.tenant,
      type: message.type,
      dataJson: message.dataJson,
      timestamp: message.timestamp,
      idempotencyKey: message.idempotencyKey,
      orderingKey: message.orderingKey,
      metadata: message.metadata === undefined ? undefined : structuredClone(message.metadata),
      trace: message.trace,
      addressed: message.addressed,
      test: message.test,
    },
    fingerprint: message.fingerprint,
    createdAt: place.now,
    idempotentUntil: place.now + place.idempotencyWindowMs,
    fannedOut: place.fannedOut,
    fanOutLease: undefined,
    fanOutUntil: 0,
    deliveries: [],
    unfinished: 0,
    unsuccessful: 0,
    finishedAt: undefined,
  };
}

/** A copy for callers. `message`: that of the row, with its data. */
export function toStoredMessage(row: MessageRow, message: Message = row.message): StoredMessage {
  const { metadata, trace } = message;
  return {
    ...message,
    metadata: metadata === undefined ? undefined : structuredClone(metadata),
    trace: trace === undefined ? undefined : { ...trace },
    createdAt: row.createdAt,
    fannedOut: row.fannedOut,
  };
}
