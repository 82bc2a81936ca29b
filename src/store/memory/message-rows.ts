import type { Message } from '../../core/message.ts';
import type { NewMessage, StoredMessage } from '../store.ts';
import type { DeliveryRow } from './delivery-rows.ts';
import type { LinkedRow } from './linked-rows.ts';
import type { OrderedRow } from './ordered-rows.ts';

/** One message in memory; changed in place. */
export interface MessageRow extends OrderedRow, LinkedRow<MessageRow> {
  readonly sequence: number;
  /** Handed out with every lease, so it is never changed. */
  readonly message: Message;
  readonly fingerprint: string | undefined;
  readonly createdAt: number;
  /** When its idempotency key is free again. */
  readonly idempotentUntil: number;
  fannedOut: boolean;
  /** Token of the process that matches it, and until when. */
  fanOutLease: string | undefined;
  fanOutUntil: number;
  /** In order of creation; an endpoint has at most one. */
  deliveries: DeliveryRow[];
  unfinished: number;
  /** Deliveries that ended otherwise than `succeeded`. */
  unsuccessful: number;
  /** Set while all deliveries are final and the message is matched; the row is then in a list of finished ones. */
  finishedAt: number | undefined;
}

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
  const { metadata } = row.message;
  return {
    ...row.message,
    metadata: metadata === undefined ? undefined : structuredClone(metadata),
    createdAt: row.createdAt,
    fannedOut: row.fannedOut,
  };
}
