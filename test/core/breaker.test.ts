import { describe, expect, it } from 'vitest';
import { AttemptWindow } from '../../src/core/attempt-window.ts';
import { type BreakerPolicy, isOutage, isTripped, openForMs } from '../../src/core/breaker.ts';
import { ENDPOINT_REASONS, type Outcome } from '../../src/core/outcome.ts';

const POLICY: BreakerPolicy = {
  failureShare: 0.5,
  minAttempts: 10,
  windowMs: 60_000,
  openMs: 10_000,
  maxOpenMs: 600_000,
};

const answered = (status: number): Outcome => ({
  kind: 'endpoint_failed',
  reason: status >= 300 && status < 400 ? 'redirect' : 'http_status',
  detail: '',
  response: { status, headers: {}, body: '', bodyEncoding: 'utf8', bodyTruncated: false, bodyComplete: true },
});

describe('isOutage', () => {
  it.each([408, 425, 429, 500, 502, 503, 504, 599, 999])('takes %i for an outage', (status) => {
    expect(isOutage(answered(status))).toBe(true);
  });

  it.each([301, 400, 401, 403, 404, 409, 410, 413, 422, 499])(
    'takes %i for a receiver that is there',
    (status) => {
      expect(isOutage(answered(status))).toBe(false);
    },
  );

  it.each(ENDPOINT_REASONS.filter((reason) => reason !== 'url_refused'))(
    'takes %s without an answer for an outage',
    (reason) => {
      expect(isOutage({ kind: 'endpoint_failed', reason, detail: '', response: undefined })).toBe(true);
    },
  );

  it('learns nothing from what was not sent', () => {
    expect(
      isOutage({ kind: 'endpoint_failed', reason: 'url_refused', detail: '', response: undefined }),
    ).toBe(undefined);
    expect(isOutage({ kind: 'interrupted', detail: '' })).toBe(undefined);
    expect(isOutage({ kind: 'dispatcher_failed', reason: 'function_failed', detail: '' })).toBe(undefined);
  });
});

describe('isTripped over a window of attempts', () => {
  const fill = (window: AttemptWindow, at: number, failures: number, successes: number): void => {
    for (let done = 0; done < successes; done += 1) window.note(at, false, POLICY);
    for (let done = 0; done < failures; done += 1) window.note(at, true, POLICY);
  };

  it.each([
    [9, 0, false],
    [10, 0, true],
    [5, 5, true],
    [4, 6, false],
    [50, 51, false],
    [51, 51, true],
  ])('of %i failures and %i others: tripped is %s', (failures, successes, expected) => {
    const window = new AttemptWindow();
    fill(window, 1_000, failures, successes);
    expect(isTripped(window.count(), POLICY)).toBe(expected);
  });

  it('forgets what is older than the window, a tenth of it at a time', () => {
    const window = new AttemptWindow();
    fill(window, 0, 9, 0);
    window.note(65_999, true, POLICY);
    expect(isTripped(window.count(), POLICY)).toBe(true);
    window.note(66_000, true, POLICY);
    expect(isTripped(window.count(), POLICY)).toBe(false);
  });

  it('counts all of the window, wherever in a tenth of it the count is made', () => {
    const windowMs = 60_000;
    for (let at = windowMs; at < 2 * windowMs; at += 999) {
      const window = new AttemptWindow();
      window.note(at - 1.1 * windowMs, true, { windowMs });
      window.note(at - windowMs, true, { windowMs });
      expect(window.countAt(at, { windowMs })).toEqual({ attempts: 1, failures: 1 });
    }
  });

  it('forgets what was counted by another width', () => {
    const window = new AttemptWindow();
    const wide = { ...POLICY, windowMs: 3_600_000 };
    for (let done = 0; done < 9; done += 1) window.note(7_200_000, true, wide);
    window.note(7_200_001, true, POLICY);
    expect(isTripped(window.count(), POLICY)).toBe(false);
    for (let done = 0; done < 9; done += 1) window.note(7_200_002, true, POLICY);
    expect(isTripped(window.count(), POLICY)).toBe(true);
  });

  it('begins anew when it is cleared', () => {
    const window = new AttemptWindow();
    fill(window, 0, 20, 0);
    window.clear();
    fill(window, 0, 9, 0);
    expect(isTripped(window.count(), POLICY)).toBe(false);
  });
});

describe('openForMs', () => {
  it.each([
    [1, 0, 10_000],
    [1, 0.5, 11_250],
    [2, 0, 20_000],
    [6, 0, 320_000],
    [7, 0, 600_000],
    [2_000, 0, 600_000],
    [2_000, 0.999999, 750_000],
  ])('time %i in a row, by chance %d: %i ms', (trips, draw, expected) => {
    expect(openForMs(POLICY, trips, draw)).toBe(expected);
  });

  it('is never shorter than openMs', () => {
    expect(openForMs({ ...POLICY, openMs: 900_000 }, 3, 0)).toBe(900_000);
  });
});
