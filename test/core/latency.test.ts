import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LATENCY_BOUNDS_MS,
  latencyBucket,
  LatencyCounter,
  summarizeLatency,
} from '../../src/core/latency.ts';

function summaryOf(durations: readonly number[]): ReturnType<typeof summarizeLatency> {
  const counter = new LatencyCounter();
  for (const duration of durations) counter.add(duration);
  return summarizeLatency(counter.result());
}

/** The duration that nearest rank picks. */
function exact(durations: readonly number[], share: number): number {
  return [...durations].sort((a, b) => a - b)[Math.ceil(durations.length * share) - 1]!;
}

describe('LATENCY_BOUNDS_MS', () => {
  it('is what stores have counted by so far', () => {
    expect(LATENCY_BOUNDS_MS.slice(0, 18)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19, 22, 26, 31,
    ]);
    expect(LATENCY_BOUNDS_MS.at(-1)).toBe(600_000);
    expect(LATENCY_BOUNDS_MS).toHaveLength(73);
    expect(Object.isFrozen(LATENCY_BOUNDS_MS)).toBe(true);
  });

  it('sorts each duration into the bucket of the first bound that is not below it', () => {
    for (const [index, bound] of LATENCY_BOUNDS_MS.entries()) {
      expect(latencyBucket(bound)).toBe(index);
      expect(latencyBucket(bound + 1)).toBe(index + 1);
    }
    expect(latencyBucket(10_000_000)).toBe(LATENCY_BOUNDS_MS.length);
  });
});

describe('summarizeLatency', () => {
  it('has no percentiles of nothing', () => {
    expect(summaryOf([])).toEqual({
      count: 0,
      p50Ms: undefined,
      p90Ms: undefined,
      p95Ms: undefined,
      p99Ms: undefined,
      maxMs: undefined,
    });
  });

  it('is exact up to 10 ms, and for the longest', () => {
    expect(summaryOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual({
      count: 10,
      p50Ms: 5,
      p90Ms: 9,
      p95Ms: 10,
      p99Ms: 10,
      maxMs: 10,
    });
    expect(summaryOf([7_000_001])).toMatchObject({ p50Ms: 7_000_001, maxMs: 7_000_001 });
  });

  it('is at most a tenth off for any duration that an attempt can take', () => {
    for (
      let duration = 1;
      duration <= 600_000;
      duration = Math.max(duration + 1, Math.floor(duration * 1.003))
    ) {
      // A longer one, so that it is not the maximum that corrects it.
      const { p50Ms } = summaryOf([duration, 600_000]);
      expect(Math.abs(p50Ms! - duration) / duration, `${duration} ms`).toBeLessThanOrEqual(0.1);
    }
  });

  it('picks by nearest rank, whatever the durations', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 200 }),
        (durations) => {
          const { count, p50Ms, p90Ms, p95Ms, p99Ms, maxMs } = summaryOf(durations);
          expect([count, maxMs]).toEqual([durations.length, Math.max(...durations)]);
          for (const [estimate, share] of [
            [p50Ms, 0.5],
            [p90Ms, 0.9],
            [p95Ms, 0.95],
            [p99Ms, 0.99],
          ] as const) {
            const truth = exact(durations, share);
            expect(Math.abs(estimate! - truth)).toBeLessThanOrEqual(truth * 0.1);
          }
        },
      ),
    );
  });
});
