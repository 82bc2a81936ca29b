import { unexpected } from '../../../core/expect-value.ts';

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;
/** The last instant that has a year of four digits. */
const MAX_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Epoch ms as people read it, `2026-01-31T12:00:00.000Z`; the number itself where there is no such text. */
export function writeInstant(instant: number): string | number {
  const isWritable = Number.isInteger(instant) && instant >= 0 && instant <= MAX_INSTANT;
  return isWritable ? new Date(instant).toISOString() : instant;
}

/**
 * Epoch ms of a text or a number.
 *
 * @throws OptionsError
 */
export function readInstant(value: unknown, path: string): number {
  const instant = typeof value === 'string' && TIME.test(value) ? Date.parse(value) : value;
  if (typeof instant === 'number' && instant >= 0 && instant <= MAX_INSTANT) return instant;
  throw unexpected(path, 'a time such as "2026-01-31T12:00:00Z", or epoch milliseconds', value);
}
