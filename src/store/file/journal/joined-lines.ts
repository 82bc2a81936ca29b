import type { Block } from './read-blocks.ts';

/** The first bytes of a line. JSON text never holds them: within its strings a quotation mark has a backslash before it. */
const LINE_START = /[0-9a-f]{8} \{"/g;

/** Lines whose line feed is damaged stand in one: its parts, each with the byte that was a line feed. */
export function cutAtLines({ offset, bytes }: Block): Block[] {
  const starts = [...bytes.toString('latin1').matchAll(LINE_START)].map(({ index }) => index);
  const cuts = [0, ...starts.filter((start) => start > 0), bytes.length];
  return cuts.slice(1).map((end, index) => {
    const start = cuts[index]!;
    return { offset: offset + start, bytes: bytes.subarray(start, end) };
  });
}
