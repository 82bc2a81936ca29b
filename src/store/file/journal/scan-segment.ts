import type { OpenFile } from '../file-layer.ts';
import { LINE_FEED, parseLine } from './journal-line.ts';
import { asHeader, type SegmentHeader } from './segment.ts';

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

/** What a scan found. */
export interface ScanResult {
  /** `undefined` when the first line cannot be read. */
  readonly header: SegmentHeader | undefined;
  /** Behind the last flush that is complete. */
  readonly end: number;
}

const BLOCK_BYTES = 1024 * 1024;

/**
 * Reads a segment flush by flush. Lines are visited once the commit of their flush was found. With `complete`, the end
 * is known to be the end of a flush: all lines count, even where a commit is damaged, and missing bytes are damage.
 */
export async function scanSegment(
  file: OpenFile,
  end: number,
  complete: boolean,
  visitor: ScanVisitor,
): Promise<ScanResult> {
  const group = new FlushGroup(visitor);
  let header: SegmentHeader | undefined;
  let read = 0;
  for await (const block of readBlocks(file, end)) {
    for (const { offset, bytes } of splitLines(block)) {
      const record = bytes.at(-1) === LINE_FEED ? parseLine(bytes.subarray(0, -1)) : undefined;
      if (offset === 0 && (header = asHeader(record)) !== undefined) group.end = bytes.length;
      else if (record === undefined) group.addDamage({ offset, bytes });
      else group.addLine({ record, offset, length: bytes.length });
      read = offset + bytes.length;
    }
  }
  if (complete) {
    if (read < end) group.addDamage({ offset: read, bytes: Buffer.alloc(0) });
    group.commit(end);
  }
  return { header, end: group.end };
}

/** Holds what was read back until its flush is complete. */
class FlushGroup {
  /** Behind the last flush that is complete. */
  end = 0;
  readonly #visitor: ScanVisitor;
  #lines: ScannedLine[] = [];
  #damages: DamagedBytes[] = [];

  constructor(visitor: ScanVisitor) {
    this.#visitor = visitor;
  }

  addLine(line: ScannedLine): void {
    if ('commit' in line.record) this.commit(line.offset + line.length);
    else this.#lines.push(line);
  }

  addDamage({ offset, bytes }: DamagedBytes): void {
    // The chunk that it is part of is not to be kept.
    this.#damages.push({ offset, bytes: Uint8Array.from(bytes) });
  }

  commit(end: number): void {
    for (const damage of this.#damages) this.#visitor.damage(damage);
    for (const line of this.#lines) this.#visitor.line(line);
    this.#lines = [];
    this.#damages = [];
    this.end = end;
  }
}

/** Whole lines of a segment, or the rest of it. */
export interface Block {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Reads a segment in blocks of about a megabyte. */
export async function* readBlocks(
  file: OpenFile,
  end: number,
  start = 0,
  blockBytes: number = BLOCK_BYTES,
): AsyncGenerator<Block> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = start;
  for (let position = start; position < end;) {
    const chunk = Buffer.allocUnsafe(Math.min(blockBytes, end - position));
    const count = await file.read(chunk, position);
    if (count === 0) break;
    position += count;
    const bytes = Buffer.concat([rest, chunk.subarray(0, count)]);
    const whole = bytes.lastIndexOf(LINE_FEED) + 1;
    if (whole > 0) yield { offset, bytes: bytes.subarray(0, whole) };
    offset += whole;
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) yield { offset, bytes: rest };
}

/** The lines of a block, with their line feeds. */
export function* splitLines({ offset, bytes }: Block): Generator<Block> {
  let from = 0;
  while (from < bytes.length) {
    const feed = bytes.indexOf(LINE_FEED, from);
    const to = feed === -1 ? bytes.length : feed + 1;
    yield { offset: offset + from, bytes: bytes.subarray(from, to) };
    from = to;
  }
}
