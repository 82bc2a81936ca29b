/**
 * One line of a segment: eight hexadecimal digits of the CRC-32 of what follows, a space, the record as JSON text, a line feed. JSON
 * escapes line feeds, so a reader that met damage finds the next line by itself. Behind the record there may be a tab and a text that is JSON
 * already: as a member of the record it would be escaped a second time, which costs more than all the rest of its line.
 */
import { crc32 } from 'node:zlib';

const CRC_DIGITS = 8;
/** Bytes before the JSON text. */
export const LINE_PREFIX_BYTES: number = CRC_DIGITS + 1;
/** Bytes of a line beside its record and its text. */
export const LINE_EXTRA_BYTES: number = LINE_PREFIX_BYTES + 2;
export const LINE_FEED = 0x0a;
const SPACE = 0x20;
/** No JSON text has one between its tokens that `JSON.stringify` wrote, and within strings it is escaped. */
const TAB = 0x09;
const HEX_DIGITS: Uint8Array = Buffer.from('0123456789abcdef');

/** Writes the record and its text to their place in the line at `start`, and completes it. Returns its length. */
export function writeLine(bytes: Buffer, start: number, json: string, text: string | undefined): number {
  const from = start + LINE_PREFIX_BYTES;
  let end = from + bytes.write(json, from);
  if (text !== undefined) {
    bytes[end] = TAB;
    end += 1 + bytes.write(text, end + 1);
  }
  return sealLine(bytes, start, end - from);
}

/** Completes the line at `start`, whose content stands in its place. Returns its length. */
export function sealLine(bytes: Buffer, start: number, length: number): number {
  const from = start + LINE_PREFIX_BYTES;
  const crc = crc32(bytes.subarray(from, from + length));
  for (let digit = 0; digit < CRC_DIGITS; digit += 1)
    bytes[start + digit] = HEX_DIGITS[(crc >>> (4 * (CRC_DIGITS - 1 - digit))) & 15]!;
  bytes[from - 1] = SPACE;
  bytes[from + length] = LINE_FEED;
  return LINE_PREFIX_BYTES + length + 1;
}

/** What a line without its line feed says, a text as the member `text`; `undefined` when it is damaged. */
export function parseLine(line: Buffer): object | undefined {
  if (line.length <= LINE_PREFIX_BYTES || line[CRC_DIGITS] !== SPACE) return undefined;
  const expected = Number(`0x${line.toString('latin1', 0, CRC_DIGITS)}`);
  const content = line.subarray(LINE_PREFIX_BYTES);
  if (crc32(content) !== expected) return undefined;
  const tab = content.indexOf(TAB);
  try {
    const value: unknown = JSON.parse(content.toString('utf8', 0, tab < 0 ? content.length : tab));
    if (typeof value !== 'object' || value === null) return undefined;
    return tab < 0 ? value : Object.assign(value, { text: content.toString('utf8', tab + 1) });
  } catch {
    // Damage that happens to have the right sum.
    return undefined;
  }
}
