import { describe, expect, it } from 'vitest';
import { judgeStreak } from '../../src/core/auto-disable.ts';

const HOUR = 3_600_000;
const POLICY = { afterMs: 120 * HOUR, failingAfterMs: HOUR };

describe('judgeStreak', () => {
  it.each([
    [0, 0, 'none', HOUR],
    [1, 2 * HOUR, 'none', 0],
    [3, HOUR / 2, 'none', HOUR / 2],
    [2, HOUR, 'failing', 119 * HOUR],
    [4, 200 * HOUR, 'failing', 0],
    [5, 120 * HOUR - 1, 'failing', 1],
    [5, 120 * HOUR, 'disable', 0],
  ] as const)(
    '%i failures in %i ms: %s, and looks again in %i ms',
    (failures, forMs, measure, lookAgainInMs) => {
      expect(judgeStreak({ failures, forMs }, POLICY)).toEqual({ measure, lookAgainInMs });
    },
  );

  it('says both at once when there is no time between', () => {
    expect(judgeStreak({ failures: 5, forMs: HOUR }, { afterMs: HOUR, failingAfterMs: HOUR })).toMatchObject({
      measure: 'disable',
    });
  });
});
