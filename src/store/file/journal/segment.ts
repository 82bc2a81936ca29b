import type { OpenFile } from '../file-layer.ts';

/** Version of what stands in the lines. A reader refuses a higher one. */
export const JOURNAL_VERSION = 1;

/** The first line of a segment. */
export interface SegmentHeader {
  /** {@link JOURNAL_VERSION} of its writer. */
  readonly journal: number;
  readonly segment: number;
  /** How many owners the journal had, up to the writer. */
  readonly epoch: number;
  /** Sequence numbers up to here were given away before. */
  readonly sequence: number;
  /** Where the segment before ends; what stands behind was never confirmed to anybody. `undefined`: there was none. */
  readonly previous: SegmentEnd | undefined;
}

/** The end of a segment: a number of bytes. */
export interface SegmentEnd {
  readonly segment: number;
  readonly bytes: number;
  /** Nothing counts in it but its header. Whoever began it may take it back. */
  readonly empty?: true;
}

/** How a segment was begun. */
export interface BegunSegment {
  /** Where the segment before ends, as its header says. */
  readonly previous: SegmentEnd | undefined;
  readonly headerBytes: number;
}

/** One file of the journal, open. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly file: OpenFile;
  /** `undefined`: another process began it, or this one before it opened the journal. */
  readonly begun: BegunSegment | undefined;
  /** Bytes that count. */
  bytes: number;
  /** Another owner began it, and nothing counts in it but its header: that owner may yet take it back. */
  isEmpty: boolean;
  /** Bytes of lines that are the newest version of their row. */
  liveBytes: number;
}

const NAME = /^(\d{8,})\.log$/;
const NAME_DIGITS = 8;

/** `00000012.log` */
export function segmentName(number: number): string {
  return `${String(number).padStart(NAME_DIGITS, '0')}.log`;
}

/** The number in a file name; `undefined` when it names no segment, or not as they are named here. */
export function segmentNumber(name: string): number | undefined {
  const number = Number(NAME.exec(name)?.[1]);
  return Number.isSafeInteger(number) && segmentName(number) === name ? number : undefined;
}

/** The header that a first line is; `undefined` when it is something else. */
export function asHeader(record: object | undefined): SegmentHeader | undefined {
  return record !== undefined && 'journal' in record ? (record as SegmentHeader) : undefined;
}
