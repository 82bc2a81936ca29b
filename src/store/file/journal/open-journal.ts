import { dirname } from 'node:path';
import { describeError, StoreError } from '../../../errors.ts';
import { folderAdvice, isFull } from '../folder-advice.ts';
import { reportDamage, reportTear } from './damage.ts';
import { EpochFile, type SegmentRange } from './epoch-file.ts';
import type { RowPlace } from '../../tables/placed-row.ts';
import { Journal, type JournalResumption } from './journal.ts';
import { LINE_FEED, parseLine } from './journal-line.ts';
import type { JournalOptions } from './journal-options.ts';
import type { JournalSource } from './journal-source.ts';
import { scanSegment } from './scan-segment.ts';
import {
  asHeader,
  JOURNAL_VERSION,
  type Segment,
  type SegmentEnd,
  type SegmentHeader,
  segmentName,
} from './segment.ts';
import { reportMissing } from './report-missing.ts';
import { Segments } from './segments.ts';

/** Builds rows from the lines of a journal. A line that stands later overrules one about the same row. */
export interface JournalReplay {
  /** All lines, in the order in which they were written. */
  line(record: object, place: RowPlace): void;
  /** Sequence numbers up to here were given away. */
  replayed(sequence: number): void;
  /** All lines were replayed: the rows, with their places. */
  finish(): JournalSource;
}

/** Bytes in which a header fits. */
const HEADER_BYTES = 1024;

/** So many owners that were followed, and do not know it yet, may take the name of the next segment. */
const NAME_TRIES = 10;

/**
 * Opens a journal: raises the epoch, replays what is there, begins a segment of its own. With `resume`, the owner is the same
 * and nothing behind its last confirmed flush counts.
 *
 * @throws StoreError when a segment was written by a newer version, or a file cannot be read
 */
export async function openJournal(
  options: JournalOptions,
  replay: JournalReplay,
  resume?: JournalResumption,
): Promise<Journal> {
  try {
    await prepareDirectory(options);
    const epochFile = resume?.epochFile ?? (await raiseEpoch(options));
    try {
      return await openWith(epochFile, options, replay, resume);
    } catch (error) {
      if (resume === undefined) await epochFile.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      `Cannot open the journal in ${options.directory}: ${describeError(error)}. ${folderAdvice(error)}`,
      { cause: error },
    );
  }
}

async function openWith(
  epochFile: EpochFile,
  options: JournalOptions,
  replay: JournalReplay,
  resume: JournalResumption | undefined,
): Promise<Journal> {
  const segments = await Segments.open(options);
  let early: Segment | undefined;
  const { range } = epochFile;
  try {
    // After a failure, first see whether the disk takes anything: reading all of it is dear.
    if (resume !== undefined) early = await begin(segments, epochFile, resume.sequence, resume.end);
    const end = await replayAll(segments, replay, options, { begun: early, range });
    const source = replay.finish();
    for (const { place } of source.rows()) if (place !== undefined) segments.countLive(place, 1);
    const current = early ?? (await beginWithRoom(segments, epochFile, source.sequence, end));
    return new Journal({ options, segments, current, epochFile, source });
  } catch (error) {
    if (early !== undefined) await segments.takeBack(early, epochFile);
    await segments.close();
    throw error;
  }
}

/** The folder, and its name in the folder above, are on the disk before anything in it is. */
async function prepareDirectory({ layer, directory, fsync }: JournalOptions): Promise<void> {
  const first = await layer.makeDirectory(directory);
  if (first === undefined || !fsync) return;
  for (let path = directory; path.length >= first.length; path = dirname(path))
    await layer.syncDirectory(dirname(path));
}

/** The epoch of this owner, above those of all before it. */
async function raiseEpoch(options: JournalOptions): Promise<EpochFile> {
  let known = await highestEpoch(options);
  for (;;) {
    const epochFile = await EpochFile.raise(options, known);
    // Others may have come and gone between what was read and what was written.
    known = await highestEpoch(options);
    if (known < epochFile.epoch) return epochFile;
    await epochFile.close();
  }
}

async function highestEpoch(options: JournalOptions): Promise<number> {
  const segments = await Segments.open(options);
  try {
    let highest = 0;
    for (const segment of segments.all) highest = Math.max(highest, (await readHeader(segment))?.epoch ?? 0);
    return highest;
  } finally {
    await segments.close();
  }
}

/** Begins the segment after all others, which says where the last of them ends. */
async function begin(
  segments: Segments,
  epochFile: EpochFile,
  sequence: number,
  previous: SegmentEnd | undefined,
): Promise<Segment> {
  const { epoch, range } = epochFile;
  // Not the number of one that is missing: it may come back from a backup.
  let number = Math.max(await segments.highest(), range?.newest ?? 0) + 1;
  let segment: Segment | undefined;
  for (let tries = 1; segment === undefined; tries += 1) {
    try {
      segment = await segments.begin({ number, epoch, sequence, previous }, epochFile);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === NAME_TRIES) throw error;
      epochFile.check();
      number += 1;
    }
  }
  await epochFile.setNewest(number, segments.oldest?.number);
  return segment;
}

/** The same, also on a disk that is full of what is of no use any more. What it ends with stays: it knows what was given away. */
async function beginWithRoom(
  segments: Segments,
  epochFile: EpochFile,
  sequence: number,
  previous: SegmentEnd | undefined,
): Promise<Segment> {
  try {
    return await begin(segments, epochFile, sequence, previous);
  } catch (error) {
    if (!isFull(error) || previous === undefined) throw error;
    const removed = await segments.removeUseless(previous.segment, epochFile);
    if (removed === 0) throw error;
    return begin(segments, epochFile, sequence, previous);
  }
}

/** Replays all segments, but for one that was just begun. Returns where the last of them ends. */
async function replayAll(
  segments: Segments,
  replay: JournalReplay,
  options: JournalOptions,
  { begun, range }: { begun: Segment | undefined; range: SegmentRange | undefined },
): Promise<SegmentEnd | undefined> {
  const ends = await readEnds(segments);
  const named = [...ends.values()].filter(({ empty }) => empty !== true).map(({ segment }) => segment);
  reportMissing(segments, named, range, options);
  let last: SegmentEnd | undefined;
  for (const segment of segments.all) {
    if (segment === begun) continue;
    const { number, path, bytes: size } = segment;
    const stated = ends.get(number)?.bytes;
    const { header, end, isEmpty, tear } = await scanSegment(
      segment.file,
      stated ?? size,
      stated !== undefined,
      {
        line: ({ record, offset, length }) => replay.line(record, { segment: number, offset, length }),
        damage: ({ offset, bytes }) => reportDamage(options.log, { file: path, offset, bytes }),
      },
    );
    if (header !== undefined) replay.replayed(header.sequence);
    if (end > 0) last = { segment: number, bytes: end, ...(isEmpty && { empty: true }) };
    segment.isEmpty = isEmpty;
    // One that was begun in part holds nothing. The last one that was begun in whole is known.
    const isBegun = tear !== 'header' || number === range?.newest;
    if (tear !== undefined && isBegun)
      reportTear(options, tear, { file: path, offset: end, length: size - end });
    segments.grow(segment, end - size);
  }
  return last;
}

/** Where segments end, by number, as the headers after them say. */
async function readEnds(segments: Segments): Promise<Map<number, SegmentEnd>> {
  const ends = new Map<number, SegmentEnd>();
  for (const segment of segments.all) {
    const previous = (await readHeader(segment))?.previous;
    if (previous !== undefined) ends.set(previous.segment, previous);
  }
  return ends;
}

/** @throws StoreError when a newer version wrote the segment, or it is another one than its name says */
async function readHeader({ number, file, path, bytes }: Segment): Promise<SegmentHeader | undefined> {
  const head = Buffer.alloc(Math.min(HEADER_BYTES, bytes));
  const count = await file.read(head, 0);
  const end = head.subarray(0, count).indexOf(LINE_FEED);
  const header = end === -1 ? undefined : asHeader(parseLine(head.subarray(0, end)));
  if (header !== undefined && header.journal > JOURNAL_VERSION) {
    throw new StoreError(
      `${path} was written by a newer version of Posthorn (format ${header.journal}; this one reads up to ` +
        `${JOURNAL_VERSION}). Install that version again, or start with an empty folder.`,
    );
  }
  if (header !== undefined && header.segment !== number) {
    throw new StoreError(
      `${path} holds segment ${header.segment} of the journal, not ${number}: it was copied or renamed. Give it its name back ` +
        `(${segmentName(header.segment)}) if that one is missing; otherwise move it out of the folder.`,
    );
  }
  return header;
}
