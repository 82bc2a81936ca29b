import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundRetryAfter, parseRetryAfter, RETRY_AFTER_JITTER } from '../../src/core/retry-after.ts';

/** A minute and seven seconds before the date that RFC 9110 uses in its examples. */
const NOW = Date.UTC(1994, 10, 6, 8, 48, 30);
const IN_2026 = Date.UTC(2026, 10, 23);

describe('parseRetryAfter', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['007', 7000],
    ['120.5', 121_000],
    ['0.001', 1000],
    [' 120\t', 120_000],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 67_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 67_000],
    ['Sun Nov  6 08:49:37 1994', 67_000],
    ['Sun Nov 06 08:49:37 1994', 67_000],
    ['Sat, 05 Nov 1994 08:49:37 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Sun, 06 Nov 1994 08:48:60 GMT', 30_000],
  ])('reads %j', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });

  it.each([
    ...['-5', '+5', '1e3', 'NaN', 'Infinity', 'inf', '0x10', '30s', '30, 60', 'soon', '', ' '],
    ...['1.', '.5', '1.2.3', '1 2', '１２', '120;', '1e300', '-0', 'null', '\0'],
    ...['1994-11-06', '1994-11-06T08:49:37Z', '2026-11-23T00:00:00.000Z', '784111777000 ms'],
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Nov, 06 Sun 1994 08:49:37 GMT',
    'Sun, 06-Nov-94 08:49:37 GMT',
    '9'.repeat(65),
  ])('ignores %j', (value) => {
    expect(parseRetryAfter(value, NOW)).toBeUndefined();
  });

  it.each([
    ['Monday, 23-Nov-26 00:00:05 GMT', 5000],
    ['Monday, 23-Nov-25 00:00:05 GMT', 0],
    ['Monday, 06-Nov-94 08:49:37 GMT', 0],
    ['Wednesday, 23-Nov-76 00:00:00 GMT', Date.UTC(2076, 10, 23) - IN_2026],
    ['Wednesday, 23-Nov-77 00:00:00 GMT', 0],
  ])('reads the two-digit year of %j as one of the nearest hundred', (value, expected) => {
    expect(parseRetryAfter(value, IN_2026)).toBe(expected);
  });

  it('looks across the turn of a century for a two-digit year', () => {
    const now = Date.UTC(2099, 11, 31, 23, 59, 0);
    expect(parseRetryAfter('Friday, 01-Jan-00 00:00:00 GMT', now)).toBe(60_000);
  });

  it('reads any date that toUTCString writes', () => {
    const instant = fc.integer({ min: Date.UTC(1970, 0, 1) / 1000, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(instant, instant, (then, now) => {
        const value = new Date(then * 1000).toUTCString();
        expect(parseRetryAfter(value, now * 1000)).toBe(Math.max(0, then - now) * 1000);
      }),
    );
  });

  it('never throws, and never gives anything but a finite time or nothing', () => {
    const value = fc.oneof(
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
      fc.string({ unit: fc.constantFrom(...'0123456789.eE+-x, :'), maxLength: 70 }),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 8.64e15 }), (text, now) => {
        const delay = parseRetryAfter(text, now);
        if (delay === undefined) return;
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
      }),
    );
  });
});

describe('boundRetryAfter', () => {
  it('cuts to the bound, then prolongs by the jitter', () => {
    expect(boundRetryAfter(1000, 60_000, 0)).toBe(1000);
    expect(boundRetryAfter(1000, 60_000, 0.5)).toBe(1100);
    expect(boundRetryAfter(90_000, 60_000, 0)).toBe(60_000);
    expect(boundRetryAfter(90_000, 60_000, 0.999_999)).toBeLessThan(72_000);
    expect(boundRetryAfter(90_000, 0, 0.9)).toBe(0);
  });

  it('is never negative, never below what was asked for within the bound, never above bound and jitter', () => {
    const delay = fc.oneof(fc.nat(), fc.double({ noNaN: true }), fc.constant(Number.MAX_SAFE_INTEGER));
    const bound = fc.integer({ min: 0, max: 2_592_000_000 });
    const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(delay, bound, draw, (delayMs, maxMs, random) => {
        const result = boundRetryAfter(delayMs, maxMs, random);
        expect(Number.isInteger(result)).toBe(true);
        expect(result).toBeGreaterThanOrEqual(Math.max(0, Math.min(delayMs, maxMs)));
        expect(result).toBeLessThanOrEqual(maxMs * (1 + RETRY_AFTER_JITTER));
      }),
    );
  });
});
