import { StoreError } from '../../../errors.ts';
import type { FileLayer, OpenFile } from '../file-layer.ts';
import { lostFile } from './lost-file.ts';

export const EPOCH_FILE = 'epoch';

const DIGITS = 16;
const LINE_BYTES = DIGITS + 1;
/** The epoch, the oldest segment, the newest one: a line each. */
const LINES = 3;
const OLDEST_LINE = 1;
const NEWEST_LINE = 2;

/** Segments that must be there, both included. Older ones may be. */
export interface SegmentRange {
  readonly oldest: number;
  /** Less than `oldest`: there are none. */
  readonly newest: number;
}

/**
 * The number of owners that a journal had, in a file of its own. Each owner raises it before it reads the journal, and
 * looks at it before and after each flush. So one that lost its lock, and did not notice, confirms nothing that its
 * successor may not have read. That guards against processes, not against power cuts, so it is not synced.
 *
 * It also says which segments there are, so that one that is gone is missed, even the first or the last. A segment is named
 * after it was begun; that one is not needed any more is on the disk before it is removed.
 */
export class EpochFile {
  readonly epoch: number;
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #buffer = Buffer.alloc(LINE_BYTES);
  #range: SegmentRange | undefined;

  private constructor(file: OpenFile, path: string, epoch: number, range: SegmentRange | undefined) {
    this.#file = file;
    this.#path = path;
    this.epoch = epoch;
    this.#range = range;
  }

  /** Takes the next epoch, above `known`. */
  static async raise(layer: FileLayer, path: string, known: number): Promise<EpochFile> {
    const file = await layer.open(path, 'either');
    const buffer = Buffer.alloc(LINES * LINE_BYTES);
    const [previous, oldest, newest] = readNumbers(file, buffer);
    const range = oldest === undefined || newest === undefined ? undefined : { oldest, newest };
    const epochFile = new EpochFile(file, path, Math.max(previous ?? 0, known) + 1, range);
    // In place and in one write: whoever has the file open sees it. It never grows, so a full disk takes what comes later.
    await file.write(lines(epochFile.epoch, range?.oldest ?? 0, range?.newest ?? 0), 0);
    return epochFile;
  }

  /** `undefined`: not known. */
  get range(): SegmentRange | undefined {
    return this.#range;
  }

  /**
   * A segment was begun, or the last one is to be taken back: this one is the newest. Nothing may be written into one that was begun
   * before this has resolved: another owner that took over meanwhile has not seen it, and nobody would say where it ends.
   *
   * @param oldest - the oldest one, where that is not known from before
   * @throws StoreError when another owner took over
   */
  async setNewest(newest: number, oldest = newest): Promise<void> {
    this.check();
    if (this.#range === undefined) await this.#write(OLDEST_LINE, oldest);
    await this.#write(NEWEST_LINE, newest);
    this.#range = { oldest: this.#range?.oldest ?? oldest, newest };
  }

  /** Segments before this one may be removed once it has resolved. @throws StoreError when another owner took over */
  async setOldest(oldest: number): Promise<void> {
    this.check();
    await this.#write(OLDEST_LINE, oldest);
    await this.#file.dataSync();
    this.#range = { oldest, newest: this.#range?.newest ?? oldest };
  }

  /** @throws StoreError when another owner took over */
  check(): void {
    const [current] = readNumbers(this.#file, this.#buffer);
    if (current === this.epoch) return;
    throw new StoreError(
      `The file store was taken over by another process (its epoch is ${current ?? 'unreadable'}, this process had ` +
        `${this.epoch}). Nothing more is written by this process.`,
      { code: 'store_owner_lost' },
    );
  }

  /** The same, and the file is where others find it. @throws StoreError also when the folder was removed */
  confirm(): void {
    this.check();
    if (!this.#file.isAt(this.#path)) throw lostFile(this.#path);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** A line alone: one segment may be begun while another is removed, and neither may undo what the other one says. */
  async #write(line: number, number: number): Promise<void> {
    await this.#file.write(lines(number), line * LINE_BYTES);
  }
}

function lines(...numbers: readonly number[]): Uint8Array {
  return Buffer.from(numbers.map((number) => `${String(number).padStart(DIGITS, '0')}\n`).join(''));
}

/** `undefined` for a line that is missing, or no number that can be counted on from. Zero stands for that, too. */
function readNumbers(file: OpenFile, buffer: Buffer): (number | undefined)[] {
  const length = file.peek(buffer, 0);
  return buffer
    .toString('latin1', 0, length)
    .split('\n')
    .map((line) => (/^\d{1,16}$/.test(line) ? Number(line) : 0))
    .map((number) => (number > 0 && number < Number.MAX_SAFE_INTEGER ? number : undefined));
}
