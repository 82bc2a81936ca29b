/**
 * An append-only log of rows with group commit. What it guarantees:
 *
 * - `flushed()` resolves when every change that was made before the call is durable: after the fdatasync that covers its
 *   bytes. All that changes while a flush is under way goes into the next one, in one write.
 * - A flush counts as a whole or not at all: its last line says that it is complete.
 * - A flush that fails is the end of this journal: all who wait are refused, and so is everybody after them, until the
 *   journal is opened again from what is on the disk. So memory is never ahead of the disk for longer than a call takes.
 * - Nothing is confirmed by an owner that another one has followed, or whose files others would not find.
 */
import { describeError, StoreError } from '../../../errors.ts';
import { Compactor } from './compactor.ts';
import type { EpochFile } from './epoch-file.ts';
import type { RowPlace } from '../../tables/placed-row.ts';
import { FlushBuffer } from './flush-buffer.ts';
import type { JournalOptions } from './journal-options.ts';
import type { JournalSource } from './journal-source.ts';
import { readPlaces } from './read-places.ts';
import type { Segment, SegmentEnd } from './segment.ts';
import type { Segments } from './segments.ts';

/** An open journal, as `openJournal` makes it. */
export interface JournalParts {
  readonly options: JournalOptions;
  readonly segments: Segments;
  readonly current: Segment;
  readonly epochFile: EpochFile;
  readonly source: JournalSource;
}

/** A journal that failed in this process, to be gone on with. */
export interface JournalResumption {
  readonly epochFile: EpochFile;
  /** Where it ends. `undefined`: it has not begun. */
  readonly end: SegmentEnd | undefined;
  /** The last sequence number that was given away. */
  readonly sequence: number;
  /** A file of it is gone, so there is nothing to go on with. */
  readonly lost: StoreError | undefined;
}

interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

export class Journal {
  readonly #parts: JournalParts;
  readonly #buffer = new FlushBuffer();
  readonly #compactor: Compactor;
  #current: Segment;
  /** Those whose changes are being written, and those whose changes come next. */
  #writing: Waiting | undefined;
  #next: Waiting | undefined;
  #running: Promise<void> | undefined;
  #failure: StoreError | undefined;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#current = parts.current;
    this.#compactor = new Compactor(parts, () => this.flushed());
  }

  /** Why it takes nothing any more. */
  get failure(): StoreError | undefined {
    return this.#failure;
  }

  /** How many owners there were, this one included. */
  get epoch(): number {
    return this.#parts.epochFile.epoch;
  }

  /** Another owner took over. */
  get isFollowed(): boolean {
    return this.#parts.epochFile.isFollowed;
  }

  /** How many bytes of how many segments there are, and how many of them are of use. */
  get usage(): { readonly segments: number; readonly bytes: number; readonly liveBytes: number } {
    const { count, bytes, liveBytes } = this.#parts.segments;
    return { segments: count, bytes, liveBytes };
  }

  /** Resolves when all that was changed before the call is durable. */
  flushed(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#parts.source.isDirty && this.#next === undefined)
      return this.#writing?.promise ?? Promise.resolve();
    this.#next ??= createWaiting();
    this.#running ??= this.#run();
    return this.#next.promise;
  }

  /** The lines at some places, in order; `undefined` for one that is damaged. Reading has begun when it returns. */
  read(places: readonly RowPlace[]): Promise<readonly (object | undefined)[]> {
    return readPlaces(this.#parts.segments, places);
  }

  /** Writes what is left, unless the journal failed, and closes all files. */
  async close(): Promise<void> {
    await this.#compactor.stop();
    try {
      if (this.#failure === undefined) await this.flushed();
    } finally {
      await this.#running;
      if (this.#failure === undefined) await this.#seal();
      else await this.#takeBack();
      this.#failure ??= new StoreError('The file store is closed.');
      await this.#parts.segments.close();
      await this.#parts.epochFile.close();
    }
  }

  /** After a failure: lets go of the segments, and says how the journal that takes the place of this one goes on. */
  async abandon(): Promise<JournalResumption> {
    await this.#compactor.stop();
    await this.#running;
    const { epochFile, source, segments } = this.#parts;
    const end = await this.#takeBack();
    await segments.close();
    return { epochFile, end, sequence: source.sequence, lost: segments.lost };
  }

  #takeBack(): Promise<SegmentEnd | undefined> {
    const { segments, epochFile } = this.#parts;
    return segments.takeBack(this.#current, epochFile);
  }

  async #run(): Promise<void> {
    // What else is called in this turn goes along.
    await Promise.resolve();
    while (this.#next !== undefined) {
      this.#writing = this.#next;
      this.#next = undefined;
      try {
        await this.#flush();
      } catch (error) {
        await this.#fail(error);
        break;
      }
      this.#writing.resolve();
      // Not once there is a pause: under load there may never be one.
      this.#compactor.start();
    }
    this.#writing = undefined;
    this.#running = undefined;
  }

  async #flush(): Promise<void> {
    const { source, epochFile, options, segments } = this.#parts;
    this.#buffer.clear();
    source.write(this.#buffer);
    if (this.#buffer.isEmpty) return;
    this.#buffer.commit();
    epochFile.check();
    // Compaction may have found it.
    if (segments.lost !== undefined) throw segments.lost;
    if (this.#current.bytes >= options.segmentBytes) await this.#beginSegment();
    const { bytes } = this.#buffer;
    await segments.append(this.#current, bytes);
    epochFile.confirm();
    segments.confirm(this.#current, epochFile);
    this.#place();
    segments.grow(this.#current, bytes.length);
    source.confirmed(this.#buffer);
  }

  async #beginSegment(): Promise<void> {
    const { segments, epochFile, source } = this.#parts;
    const { epoch } = epochFile;
    const { number, bytes } = this.#current;
    const previous = { segment: number, bytes };
    segments.confirmAll(epochFile);
    const params = { number: number + 1, epoch, sequence: source.sequence, previous };
    this.#current = await segments.begin(params, epochFile);
    await epochFile.setNewest(number + 1);
  }

  /** The rows of a flush that is durable are where it was written. */
  #place(): void {
    const { segments } = this.#parts;
    const { number, bytes: start } = this.#current;
    for (const { row, offset, length } of this.#buffer.written) {
      if (row.place !== undefined) segments.countLive(row.place, -1);
      row.place = { segment: number, offset: start + offset, length };
      segments.countLive(row.place, 1);
    }
    for (const row of this.#buffer.removed) {
      if (row.place !== undefined) segments.countLive(row.place, -1);
      row.place = undefined;
    }
  }

  /** A flush of nothing: as something follows it, the flush before cannot be taken for one that was under way. */
  async #seal(): Promise<void> {
    this.#buffer.clear();
    this.#buffer.commit();
    try {
      this.#parts.epochFile.check();
      await this.#parts.segments.append(this.#current, this.#buffer.bytes);
    } catch {
      // All that was to be stored is.
    }
  }

  /** What was written in part takes room on a full disk, and must not be taken for whole by who comes after a crash. */
  async #cutOff(): Promise<void> {
    try {
      // A successor may count these bytes.
      this.#parts.epochFile.check();
      await this.#current.file.truncate(this.#current.bytes);
    } catch {
      // The next segment will say where this one ends.
    }
  }

  async #fail(cause: unknown): Promise<void> {
    this.#failure = cause instanceof StoreError ? cause : this.#describe(cause);
    await this.#cutOff();
    this.#writing?.reject(this.#failure);
    this.#next?.reject(this.#failure);
    this.#next = undefined;
    this.#parts.options.log.error({ error: this.#failure }, this.#failure.message);
  }

  #describe(cause: unknown): StoreError {
    try {
      // A successor may be in the way.
      this.#parts.epochFile.check();
    } catch (error) {
      if (error instanceof StoreError) return error;
    }
    const { directory } = this.#parts.options;
    const what = `Cannot write the journal in ${directory}: ${describeError(cause)}`;
    return new StoreError(`${what}. What was to be stored was not; the next call tries again.`, { cause });
  }
}

function createWaiting(): Waiting {
  let settle: Pick<Waiting, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  // A flush that nobody waits for must not fail the process; the journal remembers the failure.
  promise.catch(() => undefined);
  return { promise, ...settle! };
}
