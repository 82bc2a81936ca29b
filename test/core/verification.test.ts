import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EndpointRecord, type RateLimit, laneLimitsOf } from '../../src/core/endpoint.ts';
import { strictestRate } from '../../src/core/rate-limit.ts';
import { RateWindow } from '../../src/core/rate-window.ts';
import {
  beginCheck,
  concludeCheck,
  judgeOutcome,
  nextCheckAt,
  type VerificationVerdict,
  withVerifiedStatus,
} from '../../src/core/verification.ts';

const NOW = 1_000_000;
const PLAN = { now: NOW, delaysMs: [10, 20] };
const YES: VerificationVerdict = { verified: true, status: 200 };
const SILENT: VerificationVerdict = { verified: false, reason: 'timeout', detail: 'late', again: true };
const NO: VerificationVerdict = {
  verified: false,
  reason: 'wrong_answer',
  detail: 'no',
  status: 200,
  again: false,
};

function endpoint(changes: Partial<EndpointRecord> = {}): EndpointRecord {
  return withVerifiedStatus({
    id: 'e',
    tenant: 'default',
    url: 'https://a.example/',
    events: ['**'],
    secrets: [],
    status: 'enabled',
    verification: 'challenge',
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
    ...changes,
  });
}

describe('two limits', () => {
  const limit = fc.record({
    limit: fc.integer({ min: 1, max: 200 }),
    intervalMs: fc.integer({ min: 1, max: 86_400_000 }),
  });

  it('are both kept by the one that stands for them, in any span of time', () => {
    const isKept = (taken: readonly number[], { limit: most, intervalMs }: RateLimit): boolean =>
      taken.every((at, index) => index < most || at - taken[index - most]! >= intervalMs);
    fc.assert(
      fc.property(limit, limit, (one, other) => {
        const both = strictestRate(one, other)!;
        const window = new RateWindow(both);
        const taken: number[] = [];
        for (let now = 0; taken.length < 300; now = window.nextAt(now)) {
          window.take(now);
          taken.push(now);
        }
        return isKept(taken, both) && isKept(taken, one) && isKept(taken, other);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    [
      { limit: 100, intervalMs: 1_000 },
      { limit: 60, intervalMs: 60_000 },
      { limit: 60, intervalMs: 60_000 },
    ],
    [
      { limit: 50, intervalMs: 3_600_000 },
      { limit: 100, intervalMs: 60_000 },
      { limit: 50, intervalMs: 3_600_000 },
    ],
    [
      { limit: 10, intervalMs: 1_000 },
      { limit: 100, intervalMs: 60_000 },
      { limit: 10, intervalMs: 6_000 },
    ],
    [
      { limit: 50, intervalMs: 3_600_000 },
      { limit: 10, intervalMs: 60_000 },
      { limit: 10, intervalMs: 720_000 },
    ],
  ])('%j and %j are %j', (one, other, both) => {
    expect(strictestRate(one, other)).toEqual(both);
    expect(strictestRate(other, one)).toEqual(both);
  });

  it('of which one is missing are the other', () => {
    const one = { limit: 1, intervalMs: 1 };
    expect([strictestRate(one, undefined), strictestRate(undefined, one)]).toEqual([one, one]);
    expect(strictestRate(undefined, undefined)).toBeUndefined();
  });
});

describe('the status of an endpoint that has to prove itself', () => {
  it.each<[string, Partial<EndpointRecord>, unknown]>([
    ['nothing is known', {}, ['disabled', 'unverified']],
    ['it is enabled by hand', { status: 'enabled' }, ['disabled', 'unverified']],
    ['somebody disabled it', { status: 'disabled', disabledReason: 'manual' }, ['disabled', 'manual']],
    ['it is gone', { status: 'disabled', disabledReason: 'gone' }, ['disabled', 'gone']],
    [
      'it need not any more',
      { verification: false, status: 'disabled', disabledReason: 'unverified' },
      ['enabled'],
    ],
    [
      'another URL is verified',
      { verificationState: verified('https://b.example/') },
      ['disabled', 'unverified'],
    ],
    [
      'it was verified otherwise',
      { verification: 'handshake', verificationState: verified('https://a.example/') },
      ['disabled', 'unverified'],
    ],
    ['its URL is verified', { verificationState: verified('https://a.example/') }, ['enabled']],
  ])('follows when %s', (_when, changes, expected) => {
    const { status, disabledReason } = endpoint(changes);
    expect([status, ...(disabledReason === undefined ? [] : [disabledReason])]).toEqual(expected);
  });

  it('comes with no state of another URL', () => {
    expect(endpoint({ verificationState: verified('https://b.example/') })).not.toHaveProperty(
      'verificationState',
    );
  });
});

function verified(url: string): NonNullable<EndpointRecord['verificationState']> {
  return { kind: 'challenge', url, checks: 1, verifiedAt: 5 };
}

describe('checks', () => {
  it('are counted before they are made, each with the time of the next, up to the last', () => {
    let record = endpoint();
    const seen: unknown[] = [];
    for (let now = NOW; ; now = nextCheckAt(record)!) {
      const begun = beginCheck(record, { ...PLAN, now }, 1_000)!;
      expect(beginCheck(begun, { ...PLAN, now }, 1_000)).toBeUndefined();
      record = begun;
      seen.push([begun.verificationState!.checks, nextCheckAt(begun)]);
      if (nextCheckAt(begun) === undefined) break;
    }
    expect(seen).toEqual([
      [1, NOW + 1_010],
      [2, NOW + 2_030],
      [3, undefined],
    ]);
  });

  it.each<[string, Partial<EndpointRecord>]>([
    ['has nothing to prove', { verification: false }],
    ['is verified', { verificationState: verified('https://a.example/') }],
    ['was disabled by hand', { status: 'disabled', disabledReason: 'manual' }],
  ])('are not made of one that %s', (_what, changes) => {
    expect(beginCheck(endpoint(changes), PLAN, 1_000)).toBeUndefined();
  });

  it('that got no answer bring the next one forward, others end them', () => {
    const begun = beginCheck(endpoint(), PLAN, 1_000)!;
    const silent = concludeCheck(begun, begun, SILENT, PLAN)!;
    expect(nextCheckAt(silent)).toBe(NOW + 10);
    expect(silent.verificationState!.failure).toEqual({ at: NOW, reason: 'timeout', detail: 'late' });
    expect(nextCheckAt(concludeCheck(begun, begun, NO, PLAN)!)).toBeUndefined();
  });

  it('that somebody asked for before the first leave that to come, unless nobody waits for it', () => {
    const waiting = endpoint();
    expect(nextCheckAt(concludeCheck(waiting, waiting, SILENT, PLAN)!)).toBe(NOW + 10);
    expect(nextCheckAt(concludeCheck(waiting, waiting, NO, PLAN)!)).toBeUndefined();
    const manual = endpoint({ status: 'disabled', disabledReason: 'manual' });
    const checked = concludeCheck(manual, manual, SILENT, PLAN)!;
    expect(checked.verificationState).not.toHaveProperty('nextCheckAt');
  });

  it('that verified leave nothing of earlier failures', () => {
    const begun = beginCheck(endpoint(), PLAN, 1_000)!;
    const failed = concludeCheck(begun, begun, SILENT, PLAN)!;
    const done = concludeCheck(failed, failed, { ...YES, allowedRate: 7 }, PLAN)!;
    expect(done).toMatchObject({ status: 'enabled' });
    expect(done.verificationState).toEqual({
      kind: 'challenge',
      url: 'https://a.example/',
      checks: 1,
      verifiedAt: NOW,
      allowedRate: 7,
    });
    expect(laneLimitsOf({ ...done, rateLimit: false }).rate).toEqual({ limit: 7, intervalMs: 60_000 });
    expect(laneLimitsOf({ ...done, url: 'https://b.example/' }).rate).toBeUndefined();
    expect(concludeCheck(done, done, NO, PLAN)).toBeUndefined();
  });

  it('count for what was checked only', () => {
    const checked = endpoint();
    expect(concludeCheck(endpoint({ url: 'https://b.example/' }), checked, YES, PLAN)).toBeUndefined();
    expect(concludeCheck(endpoint({ verification: 'handshake' }), checked, YES, PLAN)).toBeUndefined();
    expect(concludeCheck(endpoint({ verification: false }), checked, YES, PLAN)).toBeUndefined();
    // Another one, that was created under the id of one that was removed.
    expect(concludeCheck(endpoint({ createdAt: 1 }), checked, YES, PLAN)).toBeUndefined();
    expect(concludeCheck(endpoint(), checked, YES, PLAN)).toMatchObject({ status: 'enabled' });
  });

  it.each([
    [200, false],
    [400, false],
    [401, true],
    [402, false],
    [403, true],
    [404, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
  ])('that were answered %i are made again: %s', (status, again) => {
    const response = {
      status,
      headers: {},
      body: '',
      bodyEncoding: 'utf8',
      bodyTruncated: false,
      bodyComplete: true,
    } as const;
    const outcome = { kind: 'endpoint_failed', reason: 'http_status', detail: 'x', response } as const;
    expect(judgeOutcome('challenge', outcome, () => YES)).toMatchObject({ verified: false, status, again });
  });

  it.each([401, 403])(
    'that were answered %i say what may be missing; a handshake that was is not made again',
    (status) => {
      const response = {
        status,
        headers: {},
        body: '',
        bodyEncoding: 'utf8',
        bodyTruncated: false,
        bodyComplete: true,
      } as const;
      const outcome = {
        kind: 'endpoint_failed',
        reason: 'http_status',
        detail: 'HTTP 4xx',
        response,
      } as const;
      expect(judgeOutcome('challenge', outcome, () => YES)).toMatchObject({
        detail: 'HTTP 4xx (its receiver may not have the secret yet)',
      });
      expect(judgeOutcome('handshake', outcome, () => YES)).toMatchObject({
        detail: 'HTTP 4xx',
        again: false,
      });
    },
  );

  it('that were not answered, or that we could not make, are made again; not to a URL that is refused', () => {
    const failed = (reason: 'dns' | 'url_refused'): unknown =>
      judgeOutcome(
        'challenge',
        { kind: 'endpoint_failed', reason, detail: '', response: undefined },
        () => YES,
      );
    expect(failed('dns')).toMatchObject({ again: true });
    expect(failed('url_refused')).toMatchObject({ again: false });
    const fault = { kind: 'dispatcher_failed', reason: 'proxy_failed', detail: '' } as const;
    expect(judgeOutcome('challenge', fault, () => YES)).toMatchObject({ verified: false, again: true });
    expect(judgeOutcome('challenge', { kind: 'interrupted', detail: '' }, () => YES)).toBeUndefined();
  });
});
