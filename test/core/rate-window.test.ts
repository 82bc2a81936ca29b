import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateWindow } from '../../src/core/rate-window.ts';

/** Takes as much as it may at each instant; the instants of all takes. */
function takeAll(window: RateWindow, instants: readonly number[]): number[] {
  const taken: number[] = [];
  for (const now of instants) {
    while (window.nextAt(now) <= now) {
      window.take(now);
      taken.push(now);
    }
  }
  return taken;
}

function most(taken: readonly number[], intervalMs: number): number {
  return Math.max(
    0,
    ...taken.map((from) => taken.filter((at) => at >= from && at < from + intervalMs).length),
  );
}

describe('RateWindow', () => {
  it('never gives more than the limit within an interval, and all of it where there is demand', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.nat(120), { minLength: 1, maxLength: 60, size: 'max' }),
        (limit, intervalMs, gaps) => {
          const instants = gaps.map((_, index) =>
            gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0),
          );
          const taken = takeAll(new RateWindow({ limit, intervalMs }), instants);
          expect(most(taken, intervalMs)).toBe(limit);
        },
      ),
    );
  });

  it('names the instant at which the next one may be taken', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.nat(30), { maxLength: 40, size: 'max' }),
        (limit, gaps) => {
          const window = new RateWindow({ limit, intervalMs: 100 });
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const nextAt = window.nextAt(now);
            if (nextAt <= now) {
              window.take(now);
              continue;
            }
            expect(window.nextAt(nextAt - 1)).toBe(nextAt);
            expect(window.nextAt(nextAt)).toBe(nextAt);
            now = nextAt;
            window.take(now);
          }
        },
      ),
    );
  });

  it('gives back a large limit with at most a sixty-fourth of the interval delay', () => {
    const window = new RateWindow({ limit: 1_000, intervalMs: 64_000 });
    for (let now = 0; now < 64_000; now += 64) window.take(now);
    const nextAt = window.nextAt(64_000);
    expect(nextAt).toBeGreaterThanOrEqual(64_000);
    expect(nextAt).toBeLessThanOrEqual(65_000);
  });

  it('waits for several to pass after the limit was lowered', () => {
    const window = new RateWindow({ limit: 3, intervalMs: 100 });
    for (const now of [0, 10, 20]) window.take(now);
    window.configure({ limit: 1, intervalMs: 100 });
    expect(window.nextAt(30)).toBe(120);
    window.configure({ limit: 2, intervalMs: 200 });
    expect(window.nextAt(30)).toBe(210);
  });

  it('is closed for an interval when the clock is set back by an hour, and keeps to the limit', () => {
    const window = new RateWindow({ limit: 3, intervalMs: 1_000 });
    for (const now of [3_600_000, 3_600_100, 3_600_200]) window.take(now);
    expect(window.nextAt(50)).toBe(1_050);
    expect(window.nextAt(60)).toBe(1_050);
    expect(window.room(1_050)).toBe(3);
  });

  it('counts what was taken by callers that read the clock in another order', () => {
    const window = new RateWindow({ limit: 2, intervalMs: 1_000 });
    window.take(105);
    window.take(100);
    expect(window.nextAt(101)).toBe(1_105);
  });
});
