/**
 * One line of a segment: eight hexadecimal digits of the CRC-32 of the JSON text, a space, the JSON text, a line feed. JSON
 * escapes line feeds, so a reader that met damage finds the next line by itself.
 */
import { crc32 } from 'node:zlib';

const CRC_DIGITS = 8;
/** Bytes before the JSON text. */
export const LINE_PREFIX_BYTES: number = CRC_DIGITS + 1;
/** Bytes of a line beside its JSON text. */
export const LINE_EXTRA_BYTES: number = LINE_PREFIX_BYTES + 1;
export const LINE_FEED = 0x0a;
const SPACE = 0x20;
const HEX_DIGITS: Uint8Array = Buffer.from('0123456789abcdef');

/** Completes the line at `start`, whose JSON text stands in its place. Returns its length. */
export function sealLine(bytes: Buffer, start: number, jsonBytes: number): number {
  const from = start + LINE_PREFIX_BYTES;
  const crc = crc32(bytes.subarray(from, from + jsonBytes));
  for (let digit = 0; digit < CRC_DIGITS; digit += 1)
    bytes[start + digit] = HEX_DIGITS[(crc >>> (4 * (CRC_DIGITS - 1 - digit))) & 15]!;
  bytes[from - 1] = SPACE;
  bytes[from + jsonBytes] = LINE_FEED;
  return LINE_EXTRA_BYTES + jsonBytes;
}

/** What a line without its line feed says; `undefined` when it is damaged. */
export function parseLine(line: Buffer): object | undefined {
  if (line.length <= LINE_PREFIX_BYTES || line[CRC_DIGITS] !== SPACE) return undefined;
  const expected = Number(`0x${line.toString('latin1', 0, CRC_DIGITS)}`);
  const json = line.subarray(LINE_PREFIX_BYTES);
  if (crc32(json) !== expected) return undefined;
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Damage that happens to have the right sum.
    return undefined;
  }
}
