import type { Retention } from '../store.ts';
import { type NumberColumn, optionalNumber } from './rows/number-column.ts';

/** What of a message tells when it ended. */
export interface MessageEndRow {
  readonly seq: NumberColumn;
  readonly created_at: NumberColumn;
  readonly unmatched: NumberColumn | null;
  readonly fan_out_until: NumberColumn | null;
}

/** The columns of {@link MessageEndRow}, of the alias `m`. */
export const MESSAGE_END_COLUMNS = 'm.seq, m.created_at, m.unmatched, m.fan_out_until';

/** The deliveries of a message, counted. */
export interface DeliveryEndsRow {
  readonly message_seq: NumberColumn;
  readonly deliveries: NumberColumn;
  readonly unfinished: NumberColumn;
  readonly unsuccessful: NumberColumn;
  /** When the last one ended. */
  readonly finished_at: NumberColumn | null;
}

/** The columns of {@link DeliveryEndsRow}, of the alias `d`, grouped by `d.message_seq`. */
export const DELIVERY_ENDS_COLUMNS =
  'd.message_seq, count(*) as deliveries, sum(case when d.finished_at is null then 1 else 0 end) as unfinished, ' +
  `sum(case when d.state <> 'succeeded' then 1 else 0 end) as unsuccessful, max(d.finished_at) as finished_at`;

/** Messages with their deliveries, if they have any. */
export function withEnds<Row extends MessageEndRow>(
  messages: readonly Row[],
  ends: readonly DeliveryEndsRow[],
): readonly (readonly [Row, DeliveryEndsRow | undefined])[] {
  const bySeq = new Map(ends.map((row) => [Number(row.message_seq), row]));
  return messages.map((message) => [message, bySeq.get(Number(message.seq))]);
}

/**
 * When retention lets go of a message, epoch ms; `Infinity` while something of it is unfinished. One without deliveries ended when
 * it was matched.
 */
export function expiresAt(
  message: MessageEndRow,
  ends: DeliveryEndsRow | undefined,
  retention: Retention,
): number {
  if (message.unmatched !== null || Number(ends?.unfinished ?? 0) > 0) return Infinity;
  const matchedAt = optionalNumber(message.fan_out_until) ?? Number(message.created_at);
  const endedAt = optionalNumber(ends?.finished_at) ?? matchedAt;
  return endedAt + (Number(ends?.unsuccessful ?? 0) > 0 ? retention.unsuccessfulMs : retention.succeededMs);
}
