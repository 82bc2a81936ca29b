import { describeError } from '../../../errors.ts';
import { reportDamage } from './damage.ts';
import type { EpochFile } from './epoch-file.ts';
import { LINE_FEED, parseLine } from './journal-line.ts';
import type { JournalOptions } from './journal-options.ts';
import type { JournalSource } from './journal-source.ts';
import { readBlocks, splitLines } from './read-blocks.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';

/** Bytes of an old segment that are looked at for one flush, so that no flush grows by more. */
const STEP_BYTES = 128 * 1024;
/** Segments beyond those that the bytes in use account for: every start of an owner begins one. */
const SPARE_SEGMENTS = 10;

/** What a compactor works on. */
export interface CompactorParts {
  readonly options: JournalOptions;
  readonly segments: Segments;
  readonly source: JournalSource;
  readonly epochFile: EpochFile;
}

/**
 * Keeps the disk bounded. The oldest segment is removed once none of its lines is of use; when more than half of the bytes are
 * of no use, and two segments' worth beside them, the rows of the oldest are written again, a few with each flush. Calls
 * never wait for it.
 *
 * Segments go in the order of their age alone, so that whatever overrules a line outlives it.
 */
export class Compactor {
  readonly #parts: CompactorParts;
  readonly #flushed: () => Promise<void>;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: CompactorParts, flushed: () => Promise<void>) {
    this.#parts = parts;
    this.#flushed = flushed;
  }

  /** To be called after each flush. */
  start(): void {
    if (this.#isStopped || this.#running !== undefined || this.#next() === undefined) return;
    this.#running = this.#run().finally(() => (this.#running = undefined));
  }

  /** Ends it after the step that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { segments, epochFile } = this.#parts;
    try {
      for (let oldest = this.#next(); oldest !== undefined; oldest = this.#next()) {
        if (oldest.liveBytes > 0) await this.#rewrite(oldest);
        if (this.#isStopped || oldest.liveBytes > 0) return;
        // A successor reads the files by now.
        await segments.removeOldest(oldest, epochFile);
      }
    } catch (error) {
      // Nothing is lost by it but room on the disk; the flush after next tries again.
      const message = `Cannot compact the journal in ${this.#parts.options.directory}: ${describeError(error)}`;
      this.#parts.options.log.warn({ error }, message);
    }
  }

  /** The segment that is to go now. */
  #next(): Segment | undefined {
    const { oldest, newest, bytes, liveBytes, count } = this.#parts.segments;
    if (this.#isStopped || oldest === undefined || oldest === newest) return undefined;
    const { segmentBytes } = this.#parts.options;
    const isTooLarge =
      bytes > 2 * liveBytes + 2 * segmentBytes || count > (2 * liveBytes) / segmentBytes + SPARE_SEGMENTS;
    return oldest.liveBytes === 0 || isTooLarge ? oldest : undefined;
  }

  /** Writes again what is still of use. */
  async #rewrite(segment: Segment): Promise<void> {
    const { source } = this.#parts;
    for await (const block of readBlocks(segment.file, segment.bytes, 0, STEP_BYTES)) {
      for (const { offset, bytes } of splitLines(block)) {
        const record = parseLine(bytes.subarray(0, -1));
        const row = record === undefined ? undefined : source.find(record);
        if (row?.place?.segment === segment.number && row.place.offset === offset)
          source.rewrite(row, bytes, false);
      }
      await this.#flushed();
      if (this.#isStopped) return;
    }
    if (segment.liveBytes > 0) await this.#rewriteDamaged(segment);
  }

  /** Lines that were damaged since they were written: what memory knows is written again, the rest stays as it is. */
  async #rewriteDamaged(segment: Segment): Promise<void> {
    const { source, options } = this.#parts;
    const rows = [...source.rows()].filter(({ place }) => place?.segment === segment.number);
    for (const row of rows) {
      const { place } = row;
      if (place?.segment !== segment.number) continue;
      const line = Buffer.alloc(place.length);
      await segment.file.read(line, place.offset);
      reportDamage(options.log, { file: segment.path, offset: place.offset, bytes: line });
      // It must not spoil the line after it, too, where it stands next.
      line[line.length - 1] = LINE_FEED;
      if (row.place === place) source.rewrite(row, line, true);
    }
    await this.#flushed();
  }
}
