import { join } from 'node:path';
import { StoreError } from '../../../errors.ts';
import type { OpenFile } from '../file-layer.ts';
import type { JournalOptions } from './journal-options.ts';
import { lostFile } from './lost-file.ts';

export const EPOCH_FILE = 'epoch';

const DIGITS = 16;
const TOKEN_BYTES = 8;
/** A number, and the token of the owner who wrote it. */
const LINE_BYTES = DIGITS + 1 + 2 * TOKEN_BYTES + 1;
const LINE = /^(\d{16}) ([0-9a-f]{16})\n$/;
/** The epoch, the oldest segment, the newest one: a line each. */
const OLDEST_AT = LINE_BYTES;
const NEWEST_AT = 2 * LINE_BYTES;

/** Segments that must be there, both included. Older ones may be. `undefined`: the last owner did not get to say it. */
export interface SegmentRange {
  readonly oldest: number | undefined;
  /** Less than `oldest`: there are none. */
  readonly newest: number | undefined;
}

/**
 * The number of owners that a journal had, in a file of its own. Each owner raises it before it reads the journal, and
 * looks at it before and after each flush. So one that lost its lock, and did not notice, confirms nothing that its
 * successor may not have read. That guards against processes, not against power cuts, so it is not synced. Two that raise it at
 * once may come to the same number: the one who wrote last has followed the other, as its token tells.
 *
 * It also says which segments there are, so that one that is gone is missed, even the first or the last. A segment is named
 * after it was begun; that one is not needed any more is on the disk before it is removed. What an owner writes of them after
 * it was followed has its token, and does not count.
 */
export class EpochFile {
  readonly epoch: number;
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #token: string;
  readonly #buffer = Buffer.alloc(LINE_BYTES);
  #range: SegmentRange | undefined;

  private constructor(file: OpenFile, path: string, epoch: number, token: string) {
    this.#file = file;
    this.#path = path;
    this.epoch = epoch;
    this.#token = token;
  }

  /** Takes the next epoch, above `known`. */
  static async raise({ layer, directory, random }: JournalOptions, known: number): Promise<EpochFile> {
    const path = join(directory, EPOCH_FILE);
    const file = await layer.open(path, 'either');
    try {
      const previous = readLine(file, 0);
      const epoch = Math.max(countable(previous?.number) ?? 0, known) + 1;
      const token = Buffer.from(random.bytes(TOKEN_BYTES)).toString('hex');
      const epochFile = new EpochFile(file, path, epoch, token);
      // In place: whoever has the file open sees it. What that owner said of segments before is read after.
      await epochFile.#write(0, epoch);
      await epochFile.#takeRange(previous?.token);
      return epochFile;
    } catch (error) {
      await file.close();
      throw error;
    }
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
    if (this.#range?.oldest === undefined) await this.#write(OLDEST_AT, oldest);
    await this.#write(NEWEST_AT, newest);
    this.#range = { oldest: this.#range?.oldest ?? oldest, newest };
  }

  /** Segments before this one may be removed once it has resolved. @throws StoreError when another owner took over */
  async setOldest(oldest: number): Promise<void> {
    this.check();
    await this.#write(OLDEST_AT, oldest);
    await this.#file.dataSync();
    this.#range = { oldest, newest: this.#range?.newest };
  }

  /** Another owner took over. */
  get isFollowed(): boolean {
    return !this.#isMine(this.#current());
  }

  /** @throws StoreError when another owner took over */
  check(): void {
    const current = this.#current();
    if (this.#isMine(current)) return;
    throw new StoreError(
      `The file store was taken over by another process (its epoch is ${current?.number ?? 'unreadable'}, this process had ` +
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

  #current(): EpochLine | undefined {
    return readLine(this.#file, 0, this.#buffer);
  }

  #isMine(line: EpochLine | undefined): boolean {
    return line?.number === this.epoch && line.token === this.#token;
  }

  /** What the owner before said of segments, which this one goes on from. */
  async #takeRange(token: string | undefined): Promise<void> {
    const [oldest, newest] = [readLine(this.#file, OLDEST_AT), readLine(this.#file, NEWEST_AT)];
    if (oldest !== undefined && newest !== undefined && token !== undefined) {
      this.#range = {
        oldest: oldest.token === token ? countable(oldest.number) : undefined,
        newest: newest.token === token && newest.number < Number.MAX_SAFE_INTEGER ? newest.number : undefined,
      };
    }
    // The file never grows from here on, so a full disk takes what comes later.
    await this.#write(OLDEST_AT, this.#range?.oldest ?? 0);
    await this.#write(NEWEST_AT, this.#range?.newest ?? 0);
  }

  /** A line alone: one segment may be begun while another is removed, and neither may undo what the other one says. */
  async #write(position: number, number: number): Promise<void> {
    await this.#file.write(Buffer.from(`${String(number).padStart(DIGITS, '0')} ${this.#token}\n`), position);
  }
}

interface EpochLine {
  readonly number: number;
  readonly token: string;
}

/** `undefined` for a line that is missing or damaged. */
function readLine(
  file: OpenFile,
  position: number,
  buffer = Buffer.alloc(LINE_BYTES),
): EpochLine | undefined {
  const found = LINE.exec(buffer.toString('latin1', 0, file.peek(buffer, position)));
  return found === null ? undefined : { number: Number(found[1]), token: found[2]! };
}

/** `undefined` for no number that can be counted on from. */
function countable(number: number | undefined): number | undefined {
  return number !== undefined && number > 0 && number < Number.MAX_SAFE_INTEGER ? number : undefined;
}
