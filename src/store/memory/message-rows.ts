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

/** A copy for callers. */
export function toStoredMessage(row: MessageRow): StoredMessage {
  const { metadata, trace } = row.message;
  return {
    ...row.message,
    metadata: metadata === undefined ? undefined : structuredClone(metadata),
    trace: trace === undefined ? undefined : { ...trace },
    createdAt: row.createdAt,
    fannedOut: row.fannedOut,
  };
}
