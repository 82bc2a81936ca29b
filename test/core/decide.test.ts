import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideNext, type DecisionPolicy, type FailedAttempt } from '../../src/core/decide.ts';
import { ENDPOINT_REASONS } from '../../src/core/outcome.ts';
import { resolveRetryPolicy } from '../../src/core/retry-policy.ts';

const HOUR = 3_600_000;
const MONTH = 30 * 24 * HOUR;

const POLICY: DecisionPolicy = {
  retry: resolveRetryPolicy({ kind: 'schedule', delaysMs: [5000, 60_000], jitter: 0 }),
  retryOn: ['*'],
  onGone: 'disable',
  retryAfter: { maxMs: 24 * HOUR, blockOn: [429] },
};

const CUSTOM = resolveRetryPolicy({ kind: 'custom', name: 'mine', maxAttempts: 3 });

/** A 503 at the first attempt, unless said otherwise. */
function failed(changes: Partial<FailedAttempt> = {}, policy: Partial<DecisionPolicy> = {}): FailedAttempt {
  return {
    reason: 'http_status',
    status: 503,
    retryAfter: undefined,
    attemptInRun: 1,
    nowMs: 0,
    draw: 0.5,
    ...changes,
    policy: { ...POLICY, ...policy },
  };
}

const retryIn = (delayMs: number): object => ({
  verdict: { kind: 'retry', delayMs },
  blockLaneMs: undefined,
  disableEndpoint: false,
});
const STOP = { verdict: { kind: 'stop' }, blockLaneMs: undefined, disableEndpoint: false };

describe('decideNext', () => {
  it('retries after the delay of the policy', () => {
    expect(decideNext(failed())).toEqual(retryIn(5000));
    expect(decideNext(failed({ attemptInRun: 2 }))).toEqual(retryIn(60_000));
  });

  it('stops when the policy is spent', () => {
    expect(decideNext(failed({ attemptInRun: 3 }))).toEqual(STOP);
    expect(decideNext(failed({}, { retry: resolveRetryPolicy('once') }))).toEqual(STOP);
  });

  it('stops on what the rules do not name', () => {
    expect(decideNext(failed({ status: 404 }, { retryOn: ['5xx', 'timeout', 'network'] }))).toEqual(STOP);
    expect(decideNext(failed({ status: 404 }, { retryOn: [] }))).toEqual(STOP);
  });

  describe('about 410', () => {
    const gone = {
      verdict: { kind: 'discard', reason: 'gone' },
      blockLaneMs: undefined,
      disableEndpoint: true,
    };

    it('discards the delivery and disables the endpoint', () => {
      expect(decideNext(failed({ status: 410 }))).toEqual(gone);
      expect(decideNext(failed({ status: 410, attemptInRun: 99 }))).toEqual(gone);
      expect(decideNext(failed({ status: 410 }, { retryOn: [] }))).toEqual(gone);
    });

    it('listens to onGone rather than to the named function', () => {
      expect(decideNext(failed({ status: 410, override: true }))).toEqual(gone);
      expect(decideNext(failed({ status: 410, override: false }))).toEqual(gone);
    });

    it('treats it like any status when onGone is retry', () => {
      expect(decideNext(failed({ status: 410 }, { onGone: 'retry' }))).toEqual(retryIn(5000));
      expect(decideNext(failed({ status: 410 }, { onGone: 'retry', retryOn: ['5xx'] }))).toEqual(STOP);
    });
  });

  it('discards what a URL rule refuses, whatever anybody says', () => {
    const refused = failed({ reason: 'url_refused', status: undefined, override: true });
    expect(decideNext(refused)).toEqual({
      verdict: { kind: 'discard', reason: 'blocked' },
      blockLaneMs: undefined,
      disableEndpoint: false,
    });
  });

  it('retries a refused address like any other failure: names may resolve differently later', () => {
    expect(decideNext(failed({ reason: 'blocked', status: undefined }))).toEqual(retryIn(5000));
  });

  describe('with a named shouldRetry', () => {
    it('gives it the last word over the rules', () => {
      expect(decideNext(failed({ override: false }))).toEqual(STOP);
      expect(decideNext(failed({ override: true }, { retryOn: [] }))).toEqual(retryIn(5000));
      expect(decideNext(failed({ override: undefined }))).toEqual(retryIn(5000));
    });

    it('does not let it go beyond the policy', () => {
      expect(decideNext(failed({ override: true, attemptInRun: 3 }))).toEqual(STOP);
    });
  });

  describe('with a named retryDelay', () => {
    it.each([
      [0, retryIn(0)],
      [1234.4, retryIn(1234)],
      [2 * MONTH, retryIn(MONTH)],
      [undefined, STOP],
      [-1, STOP],
      [NaN, STOP],
    ])('makes of %s what it means', (customDelayMs, expected) => {
      expect(decideNext(failed({ customDelayMs }, { retry: CUSTOM }))).toEqual(expected);
    });

    it('stops at maxAttempts whatever it says', () => {
      expect(decideNext(failed({ customDelayMs: 1, attemptInRun: 2 }, { retry: CUSTOM }))).toEqual(
        retryIn(1),
      );
      expect(decideNext(failed({ customDelayMs: 1, attemptInRun: 3 }, { retry: CUSTOM }))).toEqual(STOP);
    });

    it('does not let it come before Retry-After', () => {
      expect(decideNext(failed({ customDelayMs: 1, retryAfter: '60' }, { retry: CUSTOM }))).toEqual(
        retryIn(60_000),
      );
    });

    it('lets it go on without end when no maxAttempts is given', () => {
      const retry = resolveRetryPolicy({ kind: 'custom', name: 'mine' });
      expect(decideNext(failed({ customDelayMs: 7, attemptInRun: 5000 }, { retry }))).toEqual(retryIn(7));
    });
  });

  describe('about Retry-After', () => {
    it('waits at least as long as it asks for', () => {
      expect(decideNext(failed({ retryAfter: '60' }))).toEqual(retryIn(60_000));
      expect(decideNext(failed({ retryAfter: '1' }))).toEqual(retryIn(5000));
      expect(decideNext(failed({ retryAfter: 'Thu, 01 Jan 1970 00:02:00 GMT' }))).toEqual(retryIn(120_000));
    });

    it('moves retries by the jitter, upwards only', () => {
      expect(decideNext(failed({ retryAfter: '60', draw: 0.75 }))).toEqual(retryIn(66_000));
    });

    it('is cut to the bound of the policy', () => {
      expect(decideNext(failed({ retryAfter: '99999999999999999999' }))).toEqual(retryIn(24 * HOUR));
    });

    it.each(['soon', '', '-5', 'Infinity', '30, 60'])('ignores %j', (retryAfter) => {
      expect(decideNext(failed({ retryAfter }))).toEqual(retryIn(5000));
    });

    it('pauses the lane for the statuses of the policy', () => {
      const expected = {
        verdict: { kind: 'retry', delayMs: 60_000 },
        blockLaneMs: 60_000,
        disableEndpoint: false,
      };
      expect(decideNext(failed({ status: 429, retryAfter: '60' }))).toEqual(expected);
      expect(decideNext(failed({ status: 503, retryAfter: '60' })).blockLaneMs).toBeUndefined();
      expect(decideNext(failed({ status: 429 })).blockLaneMs).toBeUndefined();
      expect(decideNext(failed({ status: 429, retryAfter: '0' })).blockLaneMs).toBeUndefined();
    });

    it('pauses the lane no longer than the delivery waits', () => {
      const decision = decideNext(failed({ status: 429, retryAfter: '60', draw: 0.7 }));
      expect(decision.verdict).toEqual({ kind: 'retry', delayMs: decision.blockLaneMs });
    });

    it('pauses the lane also when this delivery is not tried again', () => {
      const spent = decideNext(failed({ status: 429, retryAfter: '60', attemptInRun: 3 }));
      expect(spent).toEqual({ verdict: { kind: 'stop' }, blockLaneMs: 60_000, disableEndpoint: false });
      const unwanted = decideNext(failed({ status: 429, retryAfter: '60' }, { retryOn: ['5xx'] }));
      expect(unwanted).toEqual({ verdict: { kind: 'stop' }, blockLaneMs: 60_000, disableEndpoint: false });
    });

    it('can be off, as a whole or for the lane', () => {
      expect(decideNext(failed({ status: 429, retryAfter: '60' }, { retryAfter: false }))).toEqual(
        retryIn(5000),
      );
      const noPause = { maxMs: HOUR, blockOn: [] };
      expect(decideNext(failed({ status: 429, retryAfter: '60' }, { retryAfter: noPause }))).toEqual(
        retryIn(60_000),
      );
      const ignored = { maxMs: 0, blockOn: [429] };
      expect(decideNext(failed({ status: 429, retryAfter: '60' }, { retryAfter: ignored }))).toEqual(
        retryIn(5000),
      );
    });
  });

  it('is total: every failure has a bounded, whole, non-negative answer', () => {
    const attempt = fc.record({
      reason: fc.constantFrom(...ENDPOINT_REASONS),
      status: fc.option(fc.integer({ min: 100, max: 999 }), { nil: undefined }),
      retryAfter: fc.option(fc.oneof(fc.string(), fc.nat().map(String)), { nil: undefined }),
      attemptInRun: fc.integer({ min: 1, max: 10 }),
      nowMs: fc.nat(),
      draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      override: fc.constantFrom(true, false, undefined),
      customDelayMs: fc.option(fc.double(), { nil: undefined }),
      policy: fc.record({
        retry: fc.constantFrom(POLICY.retry, CUSTOM, resolveRetryPolicy('default')),
        retryOn: fc.constantFrom(['*'] as const, [] as const, ['5xx'] as const),
        onGone: fc.constantFrom('disable' as const, 'retry' as const),
        retryAfter: fc.constantFrom(false as const, POLICY.retryAfter),
      }),
    });
    fc.assert(
      fc.property(attempt, (given) => {
        const { verdict, blockLaneMs, disableEndpoint } = decideNext(given);
        for (const time of [verdict.kind === 'retry' ? verdict.delayMs : 0, blockLaneMs ?? 0]) {
          expect(Number.isInteger(time)).toBe(true);
          expect(time).toBeGreaterThanOrEqual(0);
          expect(time).toBeLessThanOrEqual(MONTH);
        }
        if (disableEndpoint) expect(verdict).toEqual({ kind: 'discard', reason: 'gone' });
        if (verdict.kind === 'retry') expect(given.attemptInRun).toBeLessThan(given.policy.retry.maxAttempts);
      }),
    );
  });
});
