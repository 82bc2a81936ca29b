import type { PlacedRow } from '../../tables/placed-row.ts';
import type { FlushBuffer } from './flush-buffer.ts';

/** The rows that a journal keeps, as the journal sees them. */
export interface JournalSource {
  /** Something was changed since the last `write`. */
  readonly isDirty: boolean;
  /** The last sequence number that was given away. */
  readonly sequence: number;
  /** Adds what was changed since the last call, as it is now. */
  write(buffer: FlushBuffer): void;
  /** What `write` added last is durable, and its rows have their new places. */
  confirmed(buffer: FlushBuffer): void;
  /** The row that a line is about, if there is one. */
  find(record: object): PlacedRow | undefined;
  /**
   * The row is to be written again. `line` is its newest version, valid until the call returns; `isDamaged`: it cannot be
   * read, so what memory knows is better.
   */
  rewrite(row: PlacedRow, line: Uint8Array, isDamaged: boolean): void;
  /** All rows. */
  rows(): Iterable<PlacedRow>;
}
