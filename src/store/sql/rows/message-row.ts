import type { Message } from '../../../core/message.ts';
import { fromMessageColumns } from '../../codec/message-codec.ts';
import type { StoredMessage } from '../../store.ts';
import type { NumberColumn } from './number-column.ts';

/** A message as a driver gives it. */
export interface MessageRow {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly data: string;
  readonly happened_at: NumberColumn;
  readonly idempotency_key: string | null;
  readonly ordering_key: string | null;
  readonly addressed: NumberColumn;
  readonly test: NumberColumn;
  readonly extra: string | null;
  readonly created_at: NumberColumn;
  readonly unmatched: NumberColumn | null;
}

/** The columns of {@link MessageRow}, of the alias `m`. */
export const MESSAGE_COLUMNS =
  'm.seq, m.id, m.tenant, m.type, m.data, m.happened_at, m.idempotency_key, m.ordering_key, m.addressed, m.test, m.extra, ' +
  'm.created_at, m.unmatched';

/** The message that was stored. @throws StoreError of code `record_invalid` */
export function toMessage(row: MessageRow): Message {
  return fromMessageColumns({
    id: row.id,
    tenant: row.tenant,
    type: row.type,
    dataJson: row.data,
    timestamp: row.happened_at,
    idempotencyKey: row.idempotency_key,
    orderingKey: row.ordering_key,
    addressed: Number(row.addressed),
    test: Number(row.test),
    extra: row.extra,
  });
}

/** The message with what the store knows of it. @throws StoreError of code `record_invalid` */
export function toStoredMessage(row: MessageRow): StoredMessage {
  return { ...toMessage(row), createdAt: Number(row.created_at), fannedOut: row.unmatched === null };
}
