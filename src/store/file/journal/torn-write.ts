/**
 * How a write that was under way looks after the process or the machine ended. Segments only grow, so there are two ways: the
 * write is cut off, or the file has its length but the system had not brought all blocks to the disk, which read as zeros.
 * Anything else in bytes that cannot be read is damage: whoever waited for the flush may have been told that it is stored.
 */
import { LINE_FEED, LINE_PREFIX_BYTES } from './journal-line.ts';

/** How the end of a segment is torn. `header`: it is cut off in its first line. */
export type Tear = 'cut' | 'hole' | 'header';

/** A line holds no zero, and no single bit or byte that flips makes so many. */
const HOLE = Buffer.alloc(8);
const CUT_PREFIX = /^(?:[0-9a-f]{0,8}|[0-9a-f]{8} (?:\{"?)?)$/;
/** Bytes that {@link CUT_PREFIX} looks at. */
const CUT_PREFIX_BYTES = LINE_PREFIX_BYTES + 2;
const SPACE = 0x20;
const TAB = 0x09;

/** True where a block was never written. */
export function hasHole(bytes: Uint8Array): boolean {
  return view(bytes).includes(HOLE);
}

/** True for the beginning of a line as it is written, true also for a line without its line feed. */
export function isCutLine(bytes: Uint8Array): boolean {
  if (bytes.at(-1) === LINE_FEED) return false;
  const head = view(bytes).toString('latin1', 0, CUT_PREFIX_BYTES);
  return CUT_PREFIX.test(head) && bytes.every((byte) => byte >= SPACE || byte === TAB) && isUtf8(bytes);
}

/** True also for text that ends within a character. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
