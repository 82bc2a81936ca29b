import type { PlacedRow } from '../../tables/placed-row.ts';
import { LINE_EXTRA_BYTES, writeLine } from './journal-line.ts';

/** A row that a flush writes, by its place in the buffer. */
export interface WrittenRow {
  readonly row: PlacedRow;
  readonly offset: number;
  readonly length: number;
}

/** A buffer that one large flush made larger than this is given up after it. */
const KEPT_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
const MAX_BYTES_PER_CHARACTER = 3;

/** The lines of one flush. One buffer serves all flushes of a journal, one after the other. */
export class FlushBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #lines = 0;
  readonly written: WrittenRow[] = [];
  /** Rows that the journal no longer keeps. */
  readonly removed: PlacedRow[] = [];

  /** The lines. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  get isEmpty(): boolean {
    return this.#lines === 0;
  }

  /**
   * The new state of a row.
   *
   * @param text - JSON text without line feeds that belongs to the record
   */
  put(row: PlacedRow, record: object, text?: string): void {
    const offset = this.#length;
    this.written.push({ row, offset, length: this.#add(record, text) });
  }

  /** A line of another segment, as it stands there, line feed included. */
  copy(row: PlacedRow, line: Uint8Array): void {
    this.#reserve(line.length);
    this.#bytes.set(line, this.#length);
    this.written.push({ row, offset: this.#length, length: line.length });
    this.#length += line.length;
    this.#lines += 1;
  }

  /** Says that rows are gone. */
  remove(rows: Iterable<PlacedRow>, record: object): void {
    this.#add(record);
    for (const row of rows) this.removed.push(row);
  }

  /** The last line: with it, the flush counts. */
  commit(): void {
    this.#add({ commit: this.#lines });
  }

  /** A line that belongs to no row. */
  note(record: object): void {
    this.#add(record);
  }

  clear(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_BYTES);
    this.#length = 0;
    this.#lines = 0;
    this.written.length = 0;
    this.removed.length = 0;
  }

  #add(record: object, text?: string): number {
    const json = JSON.stringify(record);
    this.#reserve((json.length + (text?.length ?? 0)) * MAX_BYTES_PER_CHARACTER + LINE_EXTRA_BYTES);
    const length = writeLine(this.#bytes, this.#length, json, text);
    this.#length += length;
    this.#lines += 1;
    return length;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
