import { join } from 'node:path';
import type { StoreError } from '../../../errors.ts';
import type { RowPlace } from '../../tables/placed-row.ts';
import type { EpochFile } from './epoch-file.ts';
import { type BeginParams, headerLine } from './header-line.ts';
import type { JournalOptions } from './journal-options.ts';
import { lostFile } from './lost-file.ts';
import { type Segment, type SegmentEnd, segmentName } from './segment.ts';
import { listSegments, openUnlessGone, unlinkUnlessGone, writeAll } from './segment-files.ts';

/** The files of a journal, oldest first, with how much of each is still of use. They stay open: bodies are read from them. */
export class Segments {
  readonly #options: JournalOptions;
  readonly #byNumber = new Map<number, Segment>();
  #newest: Segment | undefined;
  #liveBytes = 0;
  #bytes = 0;
  /** What was written of them may not be on the disk: whoever had the journal before may have done without `fsync`. */
  readonly #unsynced = new Set<Segment>();
  /** The same for names that were added or removed. */
  #areNamesSynced = false;
  /** Of no use any more when all the others were synced last. */
  #removable: Set<Segment> = new Set();
  #syncError: Error | undefined;
  #lost: StoreError | undefined;

  private constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Opens all there are. */
  static async open(options: JournalOptions): Promise<Segments> {
    const segments = new Segments(options);
    try {
      for (const number of await listSegments(options)) {
        const path = join(options.directory, segmentName(number));
        const file = await openUnlessGone(options, path);
        if (file === undefined) continue;
        const segment: Segment = {
          number,
          path,
          file,
          begun: undefined,
          bytes: 0,
          isEmpty: false,
          liveBytes: 0,
        };
        segments.#add(segment);
        segments.#unsynced.add(segment);
        segments.grow(segment, await file.size());
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

  /** Set for good once a file was found to be gone. */
  get lost(): StoreError | undefined {
    return this.#lost;
  }

  get(number: number): Segment | undefined {
    return this.#byNumber.get(number);
  }

  /** Begins the segment after all others. It counts only once this has resolved. */
  async begin(params: BeginParams, epochFile: EpochFile): Promise<Segment> {
    const { layer, directory, fsync } = this.#options;
    const { number, previous } = params;
    const head = headerLine(params);
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
      if (!epochFile.isFollowed) await layer.unlink(path).catch(() => undefined);
      throw error;
    }
    const begun = { previous, headerBytes: head.length };
    const segment: Segment = { number, path, file, begun, bytes: 0, isEmpty: false, liveBytes: 0 };
    this.#add(segment);
    if (!fsync) {
      this.#unsynced.add(segment);
      this.#areNamesSynced = false;
    }
    this.grow(segment, head.length);
    return segment;
  }

  /**
   * Removes a segment that was begun in vain, so that no failure leaves one more behind: nothing counts in it but its header,
   * and what that says can be found again. Returns where the journal ends.
   */
  async takeBack(segment: Segment, epochFile: EpochFile): Promise<SegmentEnd | undefined> {
    const end = { segment: segment.number, bytes: segment.bytes };
    if (segment.begun === undefined || segment.bytes > segment.begun.headerBytes) return end;
    try {
      this.confirm(segment, epochFile);
      await epochFile.setNewest(segment.begun.previous?.segment ?? 0);
      // A successor may have read the name before it was taken back.
      epochFile.check();
      await this.#options.layer.unlink(segment.path);
      return segment.begun.previous;
    } catch {
      return end;
    }
  }

  /** Writes behind what counts of a segment, and with `fsync` waits until it is on the disk. It counts after {@link grow}. */
  async append(segment: Segment, bytes: Uint8Array): Promise<void> {
    await writeAll(segment.file, bytes, segment.bytes);
    if (this.#options.fsync) await segment.file.dataSync();
    else this.#unsynced.add(segment);
  }

  /**
   * What was written is where others find it.
   *
   * @throws StoreError when a file was removed, moved or replaced, or another owner took over, who may remove them
   */
  confirm(segment: Segment, epochFile: EpochFile): void {
    if (this.#lost === undefined && !segment.file.isAt(segment.path)) {
      epochFile.check();
      this.#lost = lostFile(segment.path);
    }
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** The same for all of them, but for those that the owner before may yet remove: the oldest ones, if nothing of them is of use, and empty ones. */
  confirmAll(epochFile: EpochFile): void {
    let mayBeGone = true;
    for (const segment of this.#byNumber.values()) {
      mayBeGone &&= segment.liveBytes === 0 && segment !== this.#newest;
      if (!mayBeGone && !segment.isEmpty) this.confirm(segment, epochFile);
    }
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
   * Removes the oldest file. What overrules its lines, and what was written again of them, is on the disk before, also without
   * `fsync`: otherwise a crash could take a row of any age. With `fsync` the folder is synced before the next one may go: a line
   * must not come back from the dead while the one that overruled it is gone. Without, the order of removals is left to the
   * file system: many of them share a sync, or they could not keep up with what is written.
   *
   * @throws StoreError when another owner took over
   */
  async removeOldest(segment: Segment, epochFile: EpochFile): Promise<void> {
    if (!this.#removable.has(segment)) {
      await this.#syncAll();
      const needed = this.all.find((one) => !this.#removable.has(one));
      await epochFile.setOldest(needed!.number);
    }
    if (this.#options.fsync) await this.#syncNames();
    epochFile.check();
    this.confirmAll(epochFile);
    await unlinkUnlessGone(this.#options, segment.path);
    this.#areNamesSynced = false;
    this.#byNumber.delete(segment.number);
    this.#unsynced.delete(segment);
    this.#removable.delete(segment);
    this.#bytes -= segment.bytes;
    this.#liveBytes -= segment.liveBytes;
    await segment.file.close();
  }

  /** The same for all segments before one, as far as nothing in them is of use. Returns how many. */
  async removeUseless(before: number, epochFile: EpochFile): Promise<number> {
    let count = 0;
    for (const segment of this.all) {
      if (segment.number >= before || segment.liveBytes > 0) break;
      await this.removeOldest(segment, epochFile);
      count += 1;
    }
    return count;
  }

  /** Brings to the disk what is of use, as far as it may overrule the segments that are not, and their names. */
  async #syncAll(): Promise<void> {
    // A disk that failed to take bytes may say the next time that it has them all.
    if (this.#syncError !== undefined) throw this.#syncError;
    const useless = this.all.filter((one) => one !== this.#newest && one.liveBytes === 0);
    const useful = [...this.#unsynced].filter((one) => !useless.includes(one));
    try {
      for (const segment of useful) {
        // What is written from here on may miss this sync.
        this.#unsynced.delete(segment);
        await segment.file.dataSync();
      }
    } catch (error) {
      this.#syncError = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
    await this.#syncNames();
    this.#removable = new Set(useless);
  }

  async #syncNames(): Promise<void> {
    if (this.#areNamesSynced) return;
    await this.#options.layer.syncDirectory(this.#options.directory);
    this.#areNamesSynced = true;
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
