import { StoreError } from '../../../errors.ts';
import type { FileLayer, OpenFile } from '../file-layer.ts';
import { lostFile } from './lost-file.ts';

export const EPOCH_FILE = 'epoch';

const DIGITS = 16;
const NUMBER_BYTES = DIGITS + 1;
/** The first line: the epoch. */
const EPOCH_BYTES = NUMBER_BYTES;
/** A line each for the oldest segment and the newest one: the number, and the epoch of who wrote it. */
const RANGE_LINE_BYTES = 2 * NUMBER_BYTES;
const OLDEST_AT = EPOCH_BYTES;
const NEWEST_AT = OLDEST_AT + RANGE_LINE_BYTES;
const FILE_BYTES = NEWEST_AT + RANGE_LINE_BYTES;

/** Segments that must be there, both included. Older ones may be. `undefined`: the last owner did not get to say it. */
export interface SegmentRange {
  readonly oldest: number | undefined;
  /** Less than `oldest`: there are none. */
  readonly newest: number | undefined;
}

/**
 * The number of owners that a journal had, in a file of its own. Each owner raises it before it reads the journal, and
 * looks at it before and after each flush. So one that lost its lock, and did not notice, confirms nothing that its
 * successor may not have read. That guards against processes, not against power cuts, so it is not synced.
 *
 * It also says which segments there are, so that one that is gone is missed, even the first or the last. A segment is named
 * after it was begun; that one is not needed any more is on the disk before it is removed. What an owner writes of them after
 * it was followed has its epoch, and does not count.
 */
export class EpochFile {
  readonly epoch: number;
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #buffer = Buffer.alloc(EPOCH_BYTES);
  #range: SegmentRange | undefined;

  private constructor(file: OpenFile, path: string, epoch: number) {
    this.#file = file;
    this.#path = path;
    this.epoch = epoch;
  }

  /** Takes the next epoch, above `known`. */
  static async raise(layer: FileLayer, path: string, known: number): Promise<EpochFile> {
    const file = await layer.open(path, 'either');
    const previous = readEpoch(file, Buffer.alloc(EPOCH_BYTES));
    const epochFile = new EpochFile(file, path, Math.max(previous ?? 0, known) + 1);
    // In place: whoever has the file open sees it. What that owner said of segments before is read after.
    await epochFile.#write(0, epochLine(epochFile.epoch));
    const range = readRange(file, previous);
    epochFile.#range = range;
    // The file never grows from here on, so a full disk takes what comes later.
    const { epoch } = epochFile;
    await epochFile.#write(
      OLDEST_AT,
      rangeLine(range?.oldest ?? 0, epoch) + rangeLine(range?.newest ?? 0, epoch),
    );
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
    if (this.#range?.oldest === undefined) await this.#write(OLDEST_AT, rangeLine(oldest, this.epoch));
    await this.#write(NEWEST_AT, rangeLine(newest, this.epoch));
    this.#range = { oldest: this.#range?.oldest ?? oldest, newest };
  }

  /** Segments before this one may be removed once it has resolved. @throws StoreError when another owner took over */
  async setOldest(oldest: number): Promise<void> {
    this.check();
    await this.#write(OLDEST_AT, rangeLine(oldest, this.epoch));
    await this.#file.dataSync();
    this.#range = { oldest, newest: this.#range?.newest };
  }

  /** @throws StoreError when another owner took over */
  check(): void {
    const current = readEpoch(this.#file, this.#buffer);
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
  async #write(position: number, text: string): Promise<void> {
    await this.#file.write(Buffer.from(text), position);
  }
}

function digits(number: number): string {
  return String(number).padStart(DIGITS, '0');
}

function epochLine(epoch: number): string {
  return `${digits(epoch)}\n`;
}

function rangeLine(number: number, epoch: number): string {
  return `${digits(number)} ${digits(epoch)}\n`;
}

/** `undefined` for a line that is missing, or no number that can be counted on from. */
function readEpoch(file: OpenFile, buffer: Buffer): number | undefined {
  const length = file.peek(buffer, 0);
  const [line] = buffer.toString('latin1', 0, length).split('\n', 1);
  return /^\d{1,16}$/.test(line!) ? countable(Number(line)) : undefined;
}

/** What the owner with this epoch said. `undefined` when it cannot be read. */
function readRange(file: OpenFile, epoch: number | undefined): SegmentRange | undefined {
  const buffer = Buffer.alloc(FILE_BYTES);
  const text = buffer.toString('latin1', 0, file.peek(buffer, 0)).slice(EPOCH_BYTES);
  const found = /^(\d{16}) (\d{16})\n(\d{16}) (\d{16})\n$/.exec(text);
  if (found === null || epoch === undefined) return undefined;
  const [oldest, oldestBy, newest, newestBy] = found.slice(1).map(Number) as [number, number, number, number];
  return {
    oldest: oldestBy === epoch ? countable(oldest) : undefined,
    newest: newestBy === epoch && newest < Number.MAX_SAFE_INTEGER ? newest : undefined,
  };
}

function countable(number: number): number | undefined {
  return number > 0 && number < Number.MAX_SAFE_INTEGER ? number : undefined;
}
