import { OptionsError } from '../errors.ts';

/** What a cursor belongs to: messages, deliveries, attempts, endpoints, or a reschedule. */
export type CursorKind = 'm' | 'd' | 'a' | 'e' | 'r';

const CURSOR = /^([mdaer])([0-9a-z]{1,11})$/;

/** A cursor names the last row of a page, so rows that come and go do not move it. */
export function encodeCursor(kind: CursorKind, sequence: number): string {
  return kind + sequence.toString(36);
}

/** @throws OptionsError for a cursor of something else */
export function decodeCursor(kind: CursorKind, cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const match = CURSOR.exec(cursor);
  if (match === null || match[1] !== kind) {
    throw new OptionsError('cursor', 'cursor: expected a nextCursor of the same list, got something else');
  }
  return parseInt(match[2]!, 36);
}
