/**
 * The Retry-After header (RFC 9110, section 10.2.3), read strictly: a receiver that sends something else has said
 * nothing. `Date.parse` and `Number` are not used on it: they read '120' as a year, '' as 0 and '0x10' as 16.
 */

/** How far a wait asked for by a receiver is prolonged, as a fraction: all its clients were told the same time. */
export const RETRY_AFTER_JITTER = 0.2;

/** Longer values are not looked at; every valid one is shorter. */
const MAX_LENGTH = 64;

/** The RFC knows whole seconds only; fractions are in use, and clear. */
const SECONDS = /^\d+(\.\d+)?$/;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

/** The three forms of an HTTP date. The name of the day is not compared with the date: the instant is clear without it. */
const DATES: readonly RegExp[] = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(
    `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`,
  ),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * Milliseconds from `nowMs` until the time that a Retry-After header names: 0 when it has passed, at most
 * `Number.MAX_SAFE_INTEGER`, `undefined` when the header is not valid. Never throws.
 */
export function parseRetryAfter(value: string, nowMs: number): number | undefined {
  if (value.length > MAX_LENGTH) return undefined;
  const text = value.replace(/^[ \t]+|[ \t]+$/g, '');
  if (SECONDS.test(text)) return Math.min(Math.ceil(Number(text)) * 1000, Number.MAX_SAFE_INTEGER);
  const instant = parseHttpDate(text, nowMs);
  return instant === undefined ? undefined : Math.max(0, instant - nowMs);
}

/**
 * What becomes of a wait that a receiver asked for: at most `maxMs`, then prolonged by up to
 * {@link RETRY_AFTER_JITTER}, never shortened. `draw` is a random number in [0, 1).
 */
export function boundRetryAfter(delayMs: number, maxMs: number, draw: number): number {
  const bounded = Math.min(Math.ceil(Math.max(0, delayMs)), maxMs);
  return Math.floor(bounded * (1 + RETRY_AFTER_JITTER * draw));
}

function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const form of DATES) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return toInstant(parts, nowMs);
  }
  return undefined;
}

function toInstant(parts: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const month = MONTHS.indexOf(parts['month'] as (typeof MONTHS)[number]);
  const [day, hour, minute, second] = [parts['day'], parts['hour'], parts['minute'], parts['second']].map(
    Number,
  ) as [number, number, number, number];
  // 60 is a leap second; it is the same instant as the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const year = fullYear(parts['year']!, nowMs);
  // setUTCFullYear, because Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}

/** Two digits mean the year that ends so among the 50 to come and the 50 past ones (RFC 9110, section 5.6.7). */
function fullYear(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits);
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = Math.floor(thisYear / 100) * 100 + Number(digits);
  if (year > thisYear + 50) return year - 100;
  return year > thisYear - 50 ? year : year + 100;
}
