import { isDamagedCommit } from './commit-line.ts';
import { hasHole, isCutLine, type Tear } from './torn-write.ts';

/** A line that can be read. */
export interface ScannedLine {
  readonly record: object;
  readonly offset: number;
  /** Line feed included. */
  readonly length: number;
}

/** Bytes in which no line can be read. */
export interface DamagedBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a scan calls. */
export interface ScanVisitor {
  line(line: ScannedLine): void;
  damage(damage: DamagedBytes): void;
}

/**
 * Holds what was read back until its flush is known to be complete: by its commit, even a damaged one, or because its end is no torn
 * write. With holes in it, a flush counts only if something follows: that was written after it had been confirmed. Rather all
 * of a flush is left out than a message is kept without its deliveries.
 */
export class FlushGroup {
  /** Behind the last flush that is complete. */
  end = 0;
  readonly #visitor: ScanVisitor;
  #lines: ScannedLine[] = [];
  #damages: DamagedBytes[] = [];
  /** Lines of the flush, whether they can be read or not. */
  #count = 0;
  /** Behind a commit that is not visited yet. */
  #committed: number | undefined;

  constructor(visitor: ScanVisitor) {
    this.#visitor = visitor;
  }

  addLine(line: ScannedLine): void {
    this.#release();
    if ('commit' in line.record) {
      const isShort = line.record.commit !== this.#count && this.#damages.length === 0;
      if (isShort) this.noteDamage({ offset: line.offset, bytes: Buffer.alloc(0) });
      this.#commit(line.offset + line.length);
      return;
    }
    this.#lines.push(line);
    this.#count += 1;
  }

  /** A line that cannot be read. */
  addDamage({ offset, bytes }: DamagedBytes): void {
    this.noteDamage({ offset, bytes });
    if (isDamagedCommit(bytes, this.#count)) this.#commit(offset + bytes.length);
    else this.#count += 1;
  }

  /** Damage that costs the flush no line. */
  noteDamage({ offset, bytes }: DamagedBytes): void {
    this.#release();
    // The chunk that it is part of is not to be kept.
    this.#damages.push({ offset, bytes: Uint8Array.from(bytes) });
  }

  /** There is nothing more. Returns how the rest is torn, if it is to be left out. */
  finish(end: number): Tear | undefined {
    if (this.#count === 0 && this.#damages.length === 0) return undefined;
    if (this.#damages.some(({ bytes }) => hasHole(bytes))) return 'hole';
    const last = this.#damages.at(-1);
    const isCut =
      last === undefined || last.offset < (this.#lines.at(-1)?.offset ?? 0) || isCutLine(last.bytes);
    if (isCut) return 'cut';
    this.complete(end);
    return undefined;
  }

  /** All that was added counts. */
  complete(end: number): void {
    this.#committed = end;
    this.#release();
  }

  #commit(end: number): void {
    this.#committed = end;
    if (!this.#damages.some(({ bytes }) => hasHole(bytes))) this.#release();
  }

  #release(): void {
    if (this.#committed === undefined) return;
    for (const damage of this.#damages) this.#visitor.damage(damage);
    for (const line of this.#lines) this.#visitor.line(line);
    this.#lines = [];
    this.#damages = [];
    this.#count = 0;
    this.end = this.#committed;
    this.#committed = undefined;
  }
}
