import { describe, expect, it } from 'vitest';
import { durationFlag, headerFlag, listFlag, rateFlag, timeFlag } from '../../src/cli/flag-values.ts';

describe('values of options', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('a duration: %s', (text, ms) => {
    expect(durationFlag(text)).toBe(ms);
  });

  it.each(['', '5', 's', '-1s', '1 h', '1w', '1e3s', '.5h'])('no duration: %j', (text) => {
    expect(() => durationFlag(text)).toThrow('Expected a duration such as 500ms, 30s, 5m, 24h or 7d.');
  });

  it.each([
    ['2026-03-01', Date.UTC(2026, 2, 1)],
    ['2026-03-01T12:00', Date.UTC(2026, 2, 1, 12)],
    ['2026-03-01T12:00:00Z', Date.UTC(2026, 2, 1, 12)],
    ['2026-03-01T12:00:00+02:00', Date.UTC(2026, 2, 1, 10)],
  ])('a time, in UTC when it names no zone: %s', (text, at) => {
    expect(timeFlag(text)).toBe(at);
  });

  it('how long ago', () => {
    const before = Date.now();
    const at = timeFlag('1h');
    expect(at).toBeGreaterThanOrEqual(before - 3_600_000);
    expect(at).toBeLessThanOrEqual(Date.now() - 3_600_000);
  });

  it.each(['', 'now', 'yesterday', '12', '2026', '2026-13-01', '2026-03-01T25:00'])('no time: %j', (text) => {
    expect(() => timeFlag(text)).toThrow('Expected a time in ISO 8601');
  });

  it.each([
    ['100/1m', { limit: 100, interval_ms: 60_000 }],
    ['5/s', { limit: 5, interval_ms: 1_000 }],
  ])('a rate: %s', (text, rate) => {
    expect(rateFlag(text)).toEqual(rate);
  });

  it.each(['', '5', '/1m', '5/', 'a/1m', '5/1'])('no rate: %j', (text) => {
    expect(() => rateFlag(text)).toThrow();
  });

  it('lists and headers, which may be given several times', () => {
    expect(listFlag(' a, b,,c ', ['z'])).toEqual(['z', 'a', 'b', 'c']);
    expect(() => listFlag(' , ', undefined)).toThrow();
    expect(headerFlag('X-Url: http://a:1/', { 'X-Team': 'blue' })).toEqual({
      'X-Team': 'blue',
      'X-Url': 'http://a:1/',
    });
    expect(() => headerFlag(': value', undefined)).toThrow();
  });
});
