import { type CursorKind, encodeCursor } from '../../core/cursor.ts';
import type { Page } from '../store.ts';
import type { NumberColumn } from './rows/number-column.ts';

/** A page as operations hand it out. */
export interface SeqPage<T> {
  readonly items: readonly T[];
  /** Where the next page goes on: behind the row of this number. `undefined` on the last. */
  readonly next: number | undefined;
}

/** The page of the rows that were read, one more than `limit` if there are so many. */
export function toSeqPage<Row extends { readonly seq: NumberColumn }, T>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => T,
): SeqPage<T> {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? Number(page.at(-1)?.seq ?? 0) : undefined;
  return { items: page.map(toItem), next: last };
}

/** The page as callers of the store get it. */
export function toPage<T>(kind: CursorKind, { items, next }: SeqPage<T>): Page<T> {
  return { items, nextCursor: next === undefined ? undefined : encodeCursor(kind, next) };
}
