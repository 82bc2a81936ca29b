import { FlushBuffer } from './flush-buffer.ts';
import { JOURNAL_VERSION, type SegmentEnd, type SegmentHeader } from './segment.ts';

/** What a new segment begins with. */
export interface BeginParams {
  readonly number: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly previous: SegmentEnd | undefined;
}

/** The first line of a segment. */
export function headerLine({ number, epoch, sequence, previous }: BeginParams): Uint8Array {
  const buffer = new FlushBuffer();
  const record: SegmentHeader = { journal: JOURNAL_VERSION, segment: number, epoch, sequence, previous };
  buffer.note(record);
  return Uint8Array.from(buffer.bytes);
}
