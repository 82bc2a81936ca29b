const LINE_FEED = 10;
/** Shorter lines may come twice by chance. */
const MIN_LINE_BYTES = 100;

/** Finds out when compaction writes a row again: the very line of an old segment is written to the newest one. */
export class RewriteWatch {
  #lines: Buffer[] = [];

  /** Compaction has read a segment. */
  read(bytes: Uint8Array): void {
    this.#lines = linesOf(Buffer.from(bytes));
  }

  /** Behind the first such line in what is being written; `undefined` when there is none. */
  endIn(written: Uint8Array): number | undefined {
    if (this.#lines.length === 0) return undefined;
    const bytes = Buffer.from(written);
    for (const line of this.#lines) {
      const start = bytes.indexOf(line);
      if (start >= 0) return start + line.length;
    }
    return undefined;
  }
}

/** The lines of a journal that tell of one row each. */
export function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0, to; (to = bytes.indexOf(LINE_FEED, from) + 1) > 0; from = to)
    if (to - from >= MIN_LINE_BYTES) lines.push(bytes.subarray(from, to));
  return lines;
}
