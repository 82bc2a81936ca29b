import type { OpenFile } from '../file-layer.ts';
import { LINE_FEED } from './journal-line.ts';

const BLOCK_BYTES = 1024 * 1024;

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
