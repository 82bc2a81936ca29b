import type { Retention } from '../store.ts';
import type { NumberColumn } from './rows/number-column.ts';

/** How a message stands, counted over its deliveries. */
export interface MessageEndRow {
  readonly seq: NumberColumn;
  readonly created_at: NumberColumn;
  readonly unmatched: NumberColumn | null;
  readonly fan_out_until: NumberColumn | null;
  readonly deliveries: NumberColumn;
  readonly unfinished: NumberColumn;
  readonly unsuccessful: NumberColumn;
  readonly finished_at: NumberColumn | null;
}

/**
 * When retention lets go of a message, epoch ms; `undefined` while something of it is unfinished. One without deliveries ended when
 * it was matched.
 */
export function expiresAt(row: MessageEndRow, retention: Retention): number | undefined {
  if (row.unmatched !== null || Number(row.unfinished) > 0) return undefined;
  const matchedAt = Math.max(Number(row.created_at), Number(row.fan_out_until ?? 0));
  const endedAt = Number(row.finished_at ?? matchedAt);
  return endedAt + (Number(row.unsuccessful) > 0 ? retention.unsuccessfulMs : retention.succeededMs);
}
