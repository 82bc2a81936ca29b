import { describe, expect, it } from 'vitest';
import { rampOf, violationsOf } from '../../bench/recovery/ramp.ts';

const LIMITS = { concurrency: 2, rateLimit: { limit: 3, intervalMs: 100 } } as const;

describe('rampOf', () => {
  it('counts by seconds after the first arrival, and compares the busiest with the mean', () => {
    expect(rampOf([500, 600, 700, 1_600, 2_499, 2_500])).toEqual({
      perSecond: [3, 2, 1],
      peakRatio: 1,
      firstMs: 500,
      lastMs: 2_500,
    });
  });

  it('has no second when nothing came', () => {
    expect(rampOf([])).toMatchObject({ perSecond: [], firstMs: NaN, lastMs: NaN });
  });
});

describe('violationsOf', () => {
  it('allows what the limits allow: the limit, and what was on its way', () => {
    expect(violationsOf({ arrivalsMs: [0, 1, 2, 3, 4, 100], maxInFlight: 2 }, LIMITS)).toEqual([]);
  });

  it('finds one request too many, in flight and in any interval', () => {
    expect(violationsOf({ arrivalsMs: [0, 1, 2, 3, 4, 99], maxInFlight: 3 }, LIMITS)).toEqual([
      '3 requests in flight, at most 2 are allowed',
      '6 requests in 100 ms, at most 5 are allowed',
    ]);
    expect(violationsOf({ arrivalsMs: [0, 1, 2, 3, 4, 5], maxInFlight: 2 }, { concurrency: 2 })).toEqual([]);
  });
});
