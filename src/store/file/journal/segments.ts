import { join } from 'node:path';
import type { OpenFile } from '../file-layer.ts';
import type { RowPlace } from '../../tables/placed-row.ts';
import type { JournalOptions } from './journal-options.ts';
import { type Segment, segmentName, segmentNumber } from './segment.ts';

/** The files of a journal, oldest first, with how much of each is still of use. They stay open: bodies are read from them. */
export class Segments {
  readonly #options: JournalOptions;
  readonly #byNumber = new Map<number, Segment>();
  #newest: Segment | undefined;
  #liveBytes = 0;
  #bytes = 0;
  /** Whoever had the journal before may not have come to it. */
  #isRemovalSynced = false;

  private constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Opens all there are. */
  static async open(options: JournalOptions): Promise<Segments> {
    const segments = new Segments(options);
    try {
      for (const number of await listSegments(options)) {
        const path = join(options.directory, segmentName(number));
        const file = await options.layer.open(path, 'existing');
        segments.#add({ number, path, file, bytes: 0, liveBytes: 0 });
        segments.grow(segments.#byNumber.get(number)!, await file.size());
      }
    } catch (error) {
      await segments.close();
      throw error;
    }
    return segments;
  }

  get all(): readonly Segment[] {
    return [...this.#byNumber.values()];
  }

  get count(): number {
    return this.#byNumber.size;
  }

  get oldest(): Segment | undefined {
    return this.#byNumber.values().next().value;
  }

  get newest(): Segment | undefined {
    return this.#newest;
  }

  /** Bytes of all segments that count. */
  get bytes(): number {
    return this.#bytes;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get(number: number): Segment | undefined {
    return this.#byNumber.get(number);
  }

  /** Creates the segment after all others, with its first bytes. It counts only once this has resolved. */
  async create(number: number, head: Uint8Array): Promise<Segment> {
    const { layer, directory, fsync } = this.#options;
    const path = join(directory, segmentName(number));
    const file = await layer.open(path, 'create');
    try {
      await writeAll(file, head, 0);
      if (fsync) {
        await file.dataSync();
        await layer.syncDirectory(directory);
      }
    } catch (error) {
      await file.close();
      // Best effort: a file without a first line is passed over.
      await layer.unlink(path).catch(() => undefined);
      throw error;
    }
    const segment: Segment = { number, path, file, bytes: 0, liveBytes: 0 };
    this.#add(segment);
    this.grow(segment, head.length);
    return segment;
  }

  /** The highest number that a file has, whatever is in it. */
  async highest(): Promise<number> {
    return (await listSegments(this.#options)).at(-1) ?? 0;
  }

  grow(segment: Segment, bytes: number): void {
    segment.bytes += bytes;
    this.#bytes += bytes;
  }

  /** A line is the newest version of its row from now on, or no longer. */
  countLive(place: RowPlace, by: 1 | -1): void {
    const segment = this.#byNumber.get(place.segment);
    if (segment === undefined) return;
    segment.liveBytes += by * place.length;
    this.#liveBytes += by * place.length;
  }

  /**
   * Removes the oldest file. The folder is synced before the next one may go: a line must not come back from the dead while
   * the one that overruled it is gone.
   */
  async removeOldest(segment: Segment): Promise<void> {
    await this.#syncRemovals();
    await this.#options.layer.unlink(segment.path);
    this.#isRemovalSynced = false;
    this.#byNumber.delete(segment.number);
    this.#bytes -= segment.bytes;
    this.#liveBytes -= segment.liveBytes;
    await segment.file.close();
    await this.#syncRemovals();
  }

  async #syncRemovals(): Promise<void> {
    if (this.#isRemovalSynced) return;
    if (this.#options.fsync) await this.#options.layer.syncDirectory(this.#options.directory);
    this.#isRemovalSynced = true;
  }

  async close(): Promise<void> {
    for (const { file } of this.#byNumber.values()) await file.close();
    this.#byNumber.clear();
  }

  #add(segment: Segment): void {
    this.#byNumber.set(segment.number, segment);
    this.#newest = segment;
  }
}

/** Writes all bytes, however few the file takes at a time. */
export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const count = await file.write(bytes.subarray(done), position + done);
    if (count === 0) throw new Error('The file takes no more bytes.');
    done += count;
  }
}

/** Numbers of the segments in the folder, in order. */
async function listSegments({ layer, directory }: JournalOptions): Promise<number[]> {
  const numbers = (await layer.list(directory)).map(segmentNumber);
  return numbers.filter((number) => number !== undefined).sort((a, b) => a - b);
}
