import { LINE_EXTRA_BYTES, writeLine } from './journal-line.ts';

/** More bytes than that, and another line could be taken for a commit that is damaged. */
const MAX_DAMAGED_BYTES = 4;

/** What the last line of a flush says: how many lines stand before it. With it, the flush counts. */
export interface CommitRecord {
  readonly commit: number;
}

/**
 * True for a commit that is there but cannot be read. Its bytes are known from the lines before it, so it also proves that none
 * of them is missing: the flush is whole, whatever became of this line.
 */
export function isDamagedCommit(line: Uint8Array, lines: number): boolean {
  const expected = commitLine(lines);
  if (line.length !== expected.length) return false;
  let damaged = 0;
  for (let index = 0; index < expected.length; index += 1) if (line[index] !== expected[index]) damaged += 1;
  return damaged <= MAX_DAMAGED_BYTES;
}

function commitLine(lines: number): Uint8Array {
  const json = JSON.stringify({ commit: lines } satisfies CommitRecord);
  const line = Buffer.alloc(json.length + LINE_EXTRA_BYTES);
  return line.subarray(0, writeLine(line, 0, json, undefined));
}
