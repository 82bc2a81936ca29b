import { beforeAll, describe, expect, it } from 'vitest';
import { verifyRequest } from '../../src/listener/verify-request.ts';
import type { RetryRule } from '../../src/core/retry-rules.ts';
import { createHarness } from '../../src/testing/harness.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('the default retry policy', () => {
  // Loads what the first start of a process loads.
  beforeAll(async () => {
    await using harness = await createHarness();
    await harness.dispatcher.start();
  });

  // The time limit of this test is part of what it says: 27 hours of schedule pass in under two seconds.
  it('makes 8 attempts over 27 h 35 min, each freshly signed, with one id', { timeout: 2_000 }, async () => {
    await using harness = await createHarness();
    const { secret } = await harness.createEndpoint();
    const startedAt = harness.clock.now();
    const arrivals: number[] = [];
    harness.receiver.always(() => {
      arrivals.push(harness.clock.now() - startedAt);
      return 503;
    });
    const { id } = await harness.dispatcher.emit('job.done', { n: 1 });
    await harness.advance(28 * HOUR);

    const delays = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];
    const offsets = delays.reduce((all, delay) => [...all, all.at(-1)! + delay], [0]);
    expect(arrivals).toEqual(offsets);
    expect(offsets.at(-1)).toBe(27 * HOUR + 35 * MINUTE + 5 * SECOND);
    const { requests } = harness.receiver;
    expect(new Set(requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
    expect(new Set(requests.map(({ headers }) => headers['webhook-signature'])).size).toBe(8);
    for (const [index, request] of requests.entries()) {
      const now = (): number => startedAt + offsets[index]!;
      expect(verifyRequest(request, { secret: secret!, toleranceMs: 0, now })).toEqual({ ok: true });
    }
    const [delivery] = await harness.dispatcher.deliveries.list().then(({ items }) => items);
    expect(delivery).toMatchObject({ state: 'exhausted', reason: 'http_status', attempts: 8 });
  });
});

describe('success', () => {
  it.each([200, 201, 202, 204, 299])('takes %i for delivered by default', async (status) => {
    await using harness = await createHarness();
    harness.receiver.always(status);
    const endpoint = await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded' }]);
  });

  it('takes only 200 for delivered with success: [200]', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(201, 204, 200);
    const endpoint = await harness.createEndpoint({ success: [200], retry: 'short' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(MINUTE);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      {
        state: 'succeeded',
        attempts: 3,
        attemptLog: [{ reason: 'http_status' }, { reason: 'http_status' }, {}],
      },
    ]);
  });

  it('is decided by the status, however the body ends', async () => {
    await using harness = await createHarness();
    harness.receiver.always({ status: 200, body: Buffer.alloc(100_000, 0xff) });
    const endpoint = await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    const [report] = await harness.deliveriesTo(endpoint);
    expect(report).toMatchObject({ state: 'succeeded', attemptLog: [{ response: { bodyTruncated: true } }] });
  });
});

describe('retryOn', () => {
  const cases: readonly [rules: readonly RetryRule[], status: number, isRetried: boolean][] = [
    [['*'], 400, true],
    [['5xx', 408, 429], 500, true],
    [['5xx', 408, 429], 599, true],
    [['5xx', 408, 429], 429, true],
    [['5xx', 408, 429], 400, false],
    [['5xx', 408, 429], 302, false],
    [['redirect'], 302, true],
    [['3xx'], 302, true],
    [['http_status'], 418, true],
    [['network', 'timeout'], 500, false],
    [[], 503, false],
  ];
  it.each(cases)('%j: a status %i is tried again: %s', async (retryOn, status, isRetried) => {
    await using harness = await createHarness();
    harness.receiver.always(status);
    const endpoint = await harness.createEndpoint({ retryOn, retry: 'short' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: isRetried ? 'scheduled' : 'exhausted', attempts: 1 },
    ]);
  });

  it('network and timeout are told apart', async () => {
    await using harness = await createHarness();
    harness.receiver.always({ status: 204, hold: true });
    const endpoint = await harness.createEndpoint({ retryOn: ['network'], retry: 'short', timeoutMs: 2_000 });
    await harness.dispatcher.emit('job.done', {});
    await harness.receiver.waitFor(1);
    await harness.advance(3_000);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'exhausted', reason: 'timeout' }]);
  });
});

describe('timeoutMs', () => {
  it('ends an attempt that gets no answer, and frees its slot', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 204, hold: true });
    const endpoint = await harness.createEndpoint({ timeoutMs: 5_000, concurrency: 1, retry: 'short' });
    await harness.dispatcher.emit('job.done', 1);
    await harness.receiver.waitFor(1);
    await harness.advance(4_900);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'sending' }]);
    await harness.advance(200);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'scheduled', reason: 'timeout', attemptLog: [{ detail: 'no response within 5000 ms' }] },
    ]);
    await harness.advance(2_000);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
  });
});

describe('onGone', () => {
  it('410 disables the endpoint, discards what waits, and later messages too', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500, 410);
    const { dispatcher } = harness;
    const endpoint = await harness.createEndpoint();
    const disabled: unknown[] = [];
    dispatcher.on('endpoint.disabled', (event) => void disabled.push(event));
    await dispatcher.emit('job.done', 1);
    await harness.advance(0);
    await dispatcher.emit('job.done', 2);
    await harness.advance(0);
    await dispatcher.emit('job.done', 3);
    await harness.advance(48 * HOUR);
    expect(harness.receiver.received).toBe(2);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({
      status: 'disabled',
      disabledReason: 'gone',
    });
    expect(disabled).toMatchObject([
      { endpoint: { id: endpoint.id }, reason: 'gone', detail: 'It answered 410 Gone.' },
    ]);
    const states = (await harness.deliveriesTo(endpoint)).map(({ state, reason }) => [state, reason]);
    expect(states).toEqual([
      ['discarded', 'endpoint_disabled'],
      ['discarded', 'gone'],
      ['discarded', 'endpoint_disabled'],
    ]);
  });

  it('sends nothing more of the queue after a 410', async () => {
    await using harness = await createHarness();
    harness.receiver.always(410);
    await harness.createEndpoint({ concurrency: 1 });
    await Promise.all([1, 2, 3, 4].map((n) => harness.dispatcher.emit('job.done', n)));
    await harness.advance(HOUR);
    expect(harness.receiver.received).toBe(1);
  });

  it("is a failure like any other with onGone: 'retry'", async () => {
    await using harness = await createHarness();
    harness.receiver.reply(410, 204);
    const endpoint = await harness.createEndpoint({ onGone: 'retry', retry: 'short' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(MINUTE);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
    expect(await harness.dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'enabled' });
  });
});

describe('Retry-After', () => {
  const at = (instant: number): string => new Date(instant).toUTCString();

  it.each([
    ['seconds', (): string => '120', 120_000],
    ['a date', (now: number): string => at(now + 120_000), 120_000],
    ['less than the policy', (): string => '1', 10_000],
    ['nothing useful', (): string => 'soon', 10_000],
    ['a negative number', (): string => '-5', 10_000],
    ['an ISO date', (now: number): string => new Date(now + 120_000).toISOString(), 10_000],
    ['more than maxMs', (): string => '999999999', 300_000],
  ])('honours %s', async (_what, value, expectedMs) => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 429, headers: { 'retry-after': value(harness.clock.now()) } });
    const endpoint = await harness.createEndpoint({
      retry: { kind: 'schedule', delaysMs: [10_000], jitter: 0 },
      retryAfter: { maxMs: 300_000, blockOn: [] },
    });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    const [{ dueAt } = { dueAt: 0 }] = await harness.deliveriesTo(endpoint);
    // Prolonged by up to a fifth, never shortened; the draw of this harness prolongs nothing.
    const waited = dueAt - harness.clock.now();
    expect(waited).toBe(expectedMs);
  });

  it('is ignored with retryAfter: false', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 503, headers: { 'retry-after': '3600' } });
    const endpoint = await harness.createEndpoint({ retry: 'short', retryAfter: false });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(SECOND);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded' }]);
    expect(await harness.dispatcher.endpoints.get(endpoint.id)).toMatchObject({ blockedUntil: undefined });
  });

  it('pauses the whole endpoint on 429 and 503, and resume ends it', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 503, headers: { 'retry-after': '3600' } });
    const endpoint = await harness.createEndpoint({ retry: 'short' });
    await harness.dispatcher.emit('job.done', 1);
    await harness.advance(0);
    await harness.dispatcher.emit('job.done', 2);
    await harness.advance(HOUR - SECOND);
    expect(harness.receiver.received).toBe(1);
    const { blockedUntil } = await harness.dispatcher.endpoints.get(endpoint.id);
    expect(blockedUntil).toBeGreaterThan(harness.clock.now());
    await harness.dispatcher.endpoints.resume(endpoint.id);
    await harness.advance(0);
    expect(harness.receiver.received).toBe(2);
    await harness.advance(HOUR);
    expect((await harness.deliveriesTo(endpoint)).map(({ state }) => state)).toEqual([
      'succeeded',
      'succeeded',
    ]);
  });

  it('on 500 holds up that delivery alone', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 500, headers: { 'retry-after': '3600' } });
    await harness.createEndpoint({ retry: 'short' });
    await harness.dispatcher.emit('job.done', 1);
    await harness.advance(0);
    await harness.dispatcher.emit('job.done', 2);
    await harness.advance(MINUTE);
    expect(harness.receiver.received).toBe(2);
  });
});
