import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeSchedule,
  resolveRetryPolicy,
  RETRY_PRESETS,
  retryDelayMs,
  type RetryPolicy,
  validateRetryPolicy,
} from '../../src/core/retry-policy.ts';
import { OptionsError } from '../../src/errors.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MONTH = 30 * 24 * HOUR;

/** Delays after attempts 1, 2, … until the policy is spent. */
function delaysOf(policy: RetryPolicy, draw = 0.5): number[] {
  const resolved = resolveRetryPolicy(policy);
  const delays: number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const delay = retryDelayMs(resolved, attempt, draw);
    if (delay === undefined) return delays;
    delays.push(delay);
  }
}

function errorOf(value: unknown, customNames?: ReadonlySet<string>): OptionsError {
  try {
    validateRetryPolicy(value, 'endpoint.retry', customNames);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return error as OptionsError;
  }
  throw new Error(`accepted ${JSON.stringify(value)}`);
}

const anyPolicy = fc.oneof(
  fc.constantFrom(...(Object.keys(RETRY_PRESETS) as (keyof typeof RETRY_PRESETS)[])),
  fc.constant({ kind: 'once' } as const),
  fc
    .record(
      {
        kind: fc.constant('exponential' as const),
        maxAttempts: fc.integer({ min: 1, max: 1000 }),
        initialDelayMs: fc.integer({ min: 0, max: MONTH }),
        multiplier: fc.double({ min: 1, max: 100, noNaN: true }),
        extraMs: fc.integer({ min: 0, max: MONTH }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      },
      { requiredKeys: ['kind', 'maxAttempts', 'initialDelayMs'] },
    )
    .map(({ extraMs, ...policy }) => ({
      ...policy,
      ...(extraMs === undefined ? {} : { maxDelayMs: Math.min(policy.initialDelayMs + extraMs, MONTH) }),
    })),
  fc.record(
    {
      kind: fc.constant('schedule' as const),
      delaysMs: fc.array(fc.integer({ min: 0, max: MONTH }), { maxLength: 50 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    },
    { requiredKeys: ['kind', 'delaysMs'] },
  ),
);

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('retryDelayMs', () => {
  it('is never negative, never above the cap, whole, and defined exactly until the policy is spent', () => {
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: 1, max: 1100 }), draw, (given, attempt, random) => {
        const policy = resolveRetryPolicy(validateRetryPolicy(given, 'retry'));
        const delay = retryDelayMs(policy, attempt, random);
        if (attempt >= policy.maxAttempts) {
          expect(delay).toBeUndefined();
          return;
        }
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(policy.kind === 'exponential' ? policy.maxDelayMs : MONTH);
      }),
    );
  });

  it('stays within the jitter of the planned delay', () => {
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: 1, max: 60 }), draw, (given, attempt, random) => {
        const policy = resolveRetryPolicy(given);
        if (policy.kind === 'custom' || attempt >= policy.maxAttempts) return;
        const planned = retryDelayMs({ ...policy, jitter: 0 }, attempt, random)!;
        const delay = retryDelayMs(policy, attempt, random)!;
        // Both are rounded, so what was spread is up to half a millisecond more than `planned`.
        expect(Math.abs(delay - planned)).toBeLessThanOrEqual((planned + 0.5) * policy.jitter + 1);
      }),
    );
  });

  it('grows by the multiplier up to the cap', () => {
    const policy = {
      kind: 'exponential',
      maxAttempts: 8,
      initialDelayMs: 1000,
      maxDelayMs: 30_000,
      jitter: 0,
    } as const;
    expect(delaysOf(policy)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(delaysOf({ ...policy, maxAttempts: 4, multiplier: 3 })).toEqual([1000, 3000, 9000]);
    expect(delaysOf({ ...policy, maxAttempts: 4, multiplier: 1 })).toEqual([1000, 1000, 1000]);
  });

  it('moves delays by the jitter, down for low draws and up for high ones', () => {
    const policy = resolveRetryPolicy({ kind: 'schedule', delaysMs: [1000], jitter: 0.2 });
    expect([0, 0.25, 0.5, 0.75, 0.999_999].map((random) => retryDelayMs(policy, 1, random))).toEqual([
      800, 900, 1000, 1100, 1200,
    ]);
  });

  it('spreads delays below the cap instead of piling them up at it', () => {
    const policy = resolveRetryPolicy({
      kind: 'exponential',
      maxAttempts: 20,
      initialDelayMs: 1000,
      maxDelayMs: 10_000,
      jitter: 0.2,
    });
    expect([0, 0.5, 0.999_999].map((random) => retryDelayMs(policy, 10, random))).toEqual([
      8000, 9000, 10_000,
    ]);
  });

  it('does not trip over numbers that overflow', () => {
    const many = { kind: 'exponential', maxAttempts: 1000, multiplier: 100, jitter: 0 } as const;
    expect(retryDelayMs(resolveRetryPolicy({ ...many, initialDelayMs: 1 }), 999, 0.5)).toBe(24 * HOUR);
    expect(retryDelayMs(resolveRetryPolicy({ ...many, initialDelayMs: 0 }), 999, 0.5)).toBe(0);
  });

  it('leaves custom policies to their function', () => {
    expect(retryDelayMs(resolveRetryPolicy({ kind: 'custom', name: 'mine' }), 1, 0.5)).toBeUndefined();
  });
});

describe('resolveRetryPolicy', () => {
  it('fills in the defaults', () => {
    expect(resolveRetryPolicy({ kind: 'exponential', maxAttempts: 3, initialDelayMs: 10 })).toEqual({
      kind: 'exponential',
      maxAttempts: 3,
      initialDelayMs: 10,
      multiplier: 2,
      maxDelayMs: 24 * HOUR,
      jitter: 0.2,
    });
    expect(resolveRetryPolicy({ kind: 'schedule', delaysMs: [1, 2] })).toMatchObject({
      maxAttempts: 3,
      jitter: 0.2,
    });
    expect(resolveRetryPolicy({ kind: 'custom', name: 'mine' }).maxAttempts).toBe(Infinity);
    expect(resolveRetryPolicy({ kind: 'once' }).maxAttempts).toBe(1);
  });

  it('does not cap an exponential policy below its own first delay', () => {
    expect(delaysOf({ kind: 'exponential', maxAttempts: 3, initialDelayMs: 48 * HOUR, jitter: 0 })).toEqual([
      48 * HOUR,
      48 * HOUR,
    ]);
  });
});

describe('describeSchedule', () => {
  it.each([
    ['default', 8, 27 * HOUR + 35 * MINUTE + 5000],
    ['standard-webhooks', 10, 75 * HOUR + 35 * MINUTE + 5000],
    ['short', 5, 2 * MINUTE + 36_000],
    ['once', 1, 0],
  ] as const)('gives %s %i attempts', (preset, attempts, totalMs) => {
    const schedule = describeSchedule(preset)!;
    expect(schedule.offsetsMs).toHaveLength(attempts);
    expect(schedule.offsetsMs[0]).toBe(0);
    expect(schedule.totalMs).toBe(totalMs);
  });

  it('knows nothing about custom policies', () => {
    expect(describeSchedule({ kind: 'custom', name: 'mine' })).toBeUndefined();
  });

  it('expresses the schedules of real webhook senders', () => {
    const tripleBackoff = {
      kind: 'exponential',
      maxAttempts: 4,
      initialDelayMs: 1000,
      maxDelayMs: 30_000,
    } as const;
    expect(describeSchedule(tripleBackoff)!.offsetsMs).toEqual([0, 1000, 3000, 7000]);
    const fixed = [30_000, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR];
    expect(describeSchedule({ kind: 'schedule', delaysMs: fixed })!.offsetsMs).toEqual(
      [0, 30, 150, 750, 2550, 6150].map((seconds) => seconds * 1000),
    );
  });
});

describe('validateRetryPolicy', () => {
  it.each([
    ['default'],
    ['once'],
    [{ kind: 'once' }],
    [{ kind: 'schedule', delaysMs: [] }],
    [{ kind: 'schedule', delaysMs: [0, MONTH], jitter: 0 }],
    [{ kind: 'exponential', maxAttempts: 1, initialDelayMs: 0, maxDelayMs: 0 }],
    [{ kind: 'exponential', maxAttempts: 3, initialDelayMs: 1000, jitter: undefined }],
    [{ kind: 'custom', name: 'anything', maxAttempts: 1000 }],
  ])('accepts %j', (policy) => {
    expect(validateRetryPolicy(policy, 'retry')).toBe(policy);
  });

  it.each([
    ['defualt', 'endpoint.retry', 'Did you mean "default"?'],
    ['constructor', 'endpoint.retry', 'Known are default, standard-webhooks, short, once.'],
    [3, 'endpoint.retry', 'got 3 (number)'],
    [null, 'endpoint.retry', 'got null'],
    [{ maxAttempts: 3 }, 'endpoint.retry.kind', 'got undefined'],
    [
      { attempts: 3 },
      'endpoint.retry.kind',
      'No policy has a member "attempts". Did you mean "maxAttempts"?',
    ],
    [{ kind: 'exponental' }, 'endpoint.retry.kind', 'Did you mean "exponential"?'],
    [{ kind: 'toString' }, 'endpoint.retry.kind', 'Known are exponential, schedule, once, custom.'],
    [{ kind: 'once', maxAttempts: 1 }, 'endpoint.retry.maxAttempts', 'Unknown key'],
    [{ kind: 'schedule', delayMs: [1] }, 'endpoint.retry.delayMs', 'Did you mean "delaysMs"?'],
    [{ kind: 'schedule' }, 'endpoint.retry.delaysMs', 'got undefined'],
    [{ kind: 'schedule', delaysMs: [1, -1] }, 'endpoint.retry.delaysMs[1]', 'got -1 (number)'],
    [{ kind: 'schedule', delaysMs: [MONTH + 1] }, 'endpoint.retry.delaysMs[0]', 'from 0 to 2592000000'],
    [{ kind: 'schedule', delaysMs: Array(1000).fill(1) }, 'endpoint.retry.delaysMs', 'an array of 1000'],
    [{ kind: 'schedule', delaysMs: [1], jitter: 1.5 }, 'endpoint.retry.jitter', 'from 0 to 1'],
    [{ kind: 'exponential', initialDelayMs: 1 }, 'endpoint.retry.maxAttempts', 'got undefined'],
    [
      { kind: 'exponential', maxAttempts: 0, initialDelayMs: 1 },
      'endpoint.retry.maxAttempts',
      'got 0 (number)',
    ],
    [
      { kind: 'exponential', maxAttempts: Infinity, initialDelayMs: 1 },
      'endpoint.retry.maxAttempts',
      'Infinity',
    ],
    [{ kind: 'exponential', maxAttempts: 2.5, initialDelayMs: 1 }, 'endpoint.retry.maxAttempts', '2.5'],
    [
      { kind: 'exponential', maxAttempts: 2, initialDelayMs: '1s' },
      'endpoint.retry.initialDelayMs',
      '"1s" (string)',
    ],
    [{ kind: 'exponential', maxAttempts: 2, initialDelayMs: NaN }, 'endpoint.retry.initialDelayMs', 'NaN'],
    [
      { kind: 'exponential', maxAttempts: 2, initialDelayMs: 1, multiplier: 0.5 },
      'endpoint.retry.multiplier',
      '0.5',
    ],
    [
      { kind: 'exponential', maxAttempts: 2, initialDelayMs: 1000, maxDelayMs: 10 },
      'endpoint.retry.maxDelayMs',
      'from 1000 to',
    ],
    [{ kind: 'custom' }, 'endpoint.retry.name', 'got undefined'],
    [{ kind: 'custom', name: '' }, 'endpoint.retry.name', 'got "" (string)'],
  ])('refuses %j', (policy, path, text) => {
    const error = errorOf(policy);
    expect(error.path).toBe(path);
    expect(error.message).toContain(text);
    expect(error.message).toContain(path);
  });

  it('refuses names of functions that are not registered, when it knows those that are', () => {
    const names = new Set(['fibonacci']);
    expect(validateRetryPolicy({ kind: 'custom', name: 'fibonacci' }, 'retry', names)).toBeDefined();
    expect(errorOf({ kind: 'custom', name: 'fibonaci' }, names).message).toContain(
      'Did you mean "fibonacci"?',
    );
    expect(errorOf({ kind: 'custom', name: 'x' }, new Set()).message).toContain('There is none.');
  });
});
