/** A row with its place in the order of creation. */
export interface OrderedRow {
  readonly sequence: number;
  /** Set when the row has left the store; it is skipped from then on. */
  removed: boolean;
}

/** Lists shorter than this are not worth compacting. */
const MIN_COMPACTION = 32;

/**
 * Rows in the order of their sequence, read in pages from either end. Removed rows are skipped and let go of: at the
 * front at once (retention takes the oldest first), in between when a quarter of the list is gone.
 */
export class OrderedRows<Row extends OrderedRow> {
  #rows: (Row | undefined)[] = [];
  #head = 0;
  #removed = 0;

  /** Rows that are not removed. */
  get size(): number {
    return this.#rows.length - this.#head - this.#removed;
  }

  /** Adds a row; its sequence is higher than any before. */
  push(row: Row): void {
    this.#rows.push(row);
  }

  /** The row with this sequence. */
  find(sequence: number): Row | undefined {
    const row = this.#rows[this.#indexAfter(sequence - 1)];
    return row?.sequence === sequence && !row.removed ? row : undefined;
  }

  /** To be called once for each row of this list whose `removed` was set. */
  noteRemoved(): void {
    this.#removed += 1;
    while (this.#head < this.#rows.length && this.#rows[this.#head]!.removed) {
      this.#rows[this.#head] = undefined;
      this.#head += 1;
      this.#removed -= 1;
    }
    if (this.#removed > MIN_COMPACTION && this.#removed * 4 > this.#rows.length) {
      this.#restart(this.#rows.filter((row) => row !== undefined && !row.removed));
    } else if (this.#head > MIN_COMPACTION && this.#head * 2 > this.#rows.length) {
      this.#restart(this.#rows.slice(this.#head));
    }
  }

  /** Calls `visit` on rows above the sequence `after`, oldest first, until it returns false. */
  scanUp(after: number, visit: (row: Row) => boolean): void {
    for (let index = this.#indexAfter(after); index < this.#rows.length; index += 1) {
      const row = this.#rows[index]!;
      if (!row.removed && !visit(row)) return;
    }
  }

  /** Calls `visit` on rows below the sequence `before`, newest first, until it returns false. */
  scanDown(before: number, visit: (row: Row) => boolean): void {
    for (let index = this.#indexAfter(before - 1) - 1; index >= this.#head; index -= 1) {
      const row = this.#rows[index]!;
      if (!row.removed && !visit(row)) return;
    }
  }

  /** Index of the first row whose sequence is above `sequence`. */
  #indexAfter(sequence: number): number {
    let low = this.#head;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rows[middle]!.sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #restart(rows: (Row | undefined)[]): void {
    this.#removed -= this.#rows.length - this.#head - rows.length;
    this.#rows = rows;
    this.#head = 0;
  }
}
