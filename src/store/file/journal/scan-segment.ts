import type { OpenFile } from '../file-layer.ts';
import { FlushGroup, type ScanVisitor } from './flush-group.ts';
import { cutAtLines } from './joined-lines.ts';
import { LINE_FEED, parseLine } from './journal-line.ts';
import { type Block, readBlocks, splitLines } from './read-blocks.ts';
import { asHeader, type SegmentHeader } from './segment.ts';
import type { Tear } from './torn-write.ts';

/** What a scan found. */
export interface ScanResult {
  /** `undefined` when the first line cannot be read. */
  readonly header: SegmentHeader | undefined;
  /** Behind the last flush that is complete. */
  readonly end: number;
  /** Nothing counts but the header. */
  readonly isEmpty: boolean;
  /** How what stands behind it is torn. */
  readonly tear: Tear | undefined;
}

/**
 * Reads a segment flush by flush. Lines are visited once their flush is known to be complete. With `complete`, the end
 * is known to be the end of a flush: all lines count, and missing bytes are damage.
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
  let lines = 0;
  let headerBytes = 0;
  const add = (record: object | undefined, { offset, bytes }: Block): void => {
    lines += 1;
    if (offset === 0 && (header = asHeader(record)) !== undefined) group.end = headerBytes = bytes.length;
    else if (record !== undefined) group.addLine({ record, offset, length: bytes.length });
    else if (offset === 0) group.noteDamage({ offset, bytes });
    else group.addDamage({ offset, bytes });
  };
  for await (const block of readBlocks(file, end)) {
    for (const line of splitLines(block)) {
      const record = parseEnded(line);
      if (record !== undefined) add(record, line);
      else addJoined(group, cutAtLines(line), add);
      read = line.offset + line.bytes.length;
    }
  }
  let tear: Tear | undefined;
  if (!complete) {
    const torn = group.finish(read);
    tear = torn === 'cut' && lines === 1 ? 'header' : torn;
  } else {
    if (read < end) group.noteDamage({ offset: read, bytes: Buffer.alloc(0) });
    group.complete(end);
  }
  return { header, tear, end: group.end, isEmpty: header !== undefined && group.end === headerBytes };
}

function parseEnded({ bytes }: Block): object | undefined {
  return bytes.at(-1) === LINE_FEED ? parseLine(bytes.subarray(0, -1)) : undefined;
}

/** Adds lines of which only the last one may have its line feed. */
function addJoined(
  group: FlushGroup,
  parts: readonly Block[],
  add: (record: object | undefined, line: Block) => void,
): void {
  for (const [index, part] of parts.entries()) {
    const { offset, bytes } = part;
    const record = index < parts.length - 1 ? parseLine(bytes.subarray(0, -1)) : parseEnded(part);
    if (record !== undefined && bytes.at(-1) !== LINE_FEED)
      group.noteDamage({ offset: offset + bytes.length - 1, bytes: bytes.subarray(-1) });
    add(record, part);
  }
}
