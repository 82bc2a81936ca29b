import { describe, expect, it } from 'vitest';
import { NotFoundError, OptionsError } from '../../src/errors.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';

const NO_LATENCY = {
  count: 0,
  p50Ms: undefined,
  p90Ms: undefined,
  p95Ms: undefined,
  p99Ms: undefined,
  maxMs: undefined,
};
const MINUTE = 60_000;

/** The receiver answers the next request after so long. */
async function sendSlowly(harness: Harness, durationMs: number): Promise<void> {
  const held = harness.receiver.requests.length + 1;
  harness.receiver.hold();
  await harness.dispatcher.emit('job.done', durationMs);
  await harness.receiver.waitFor(held);
  await harness.clock.advance(durationMs);
  harness.receiver.release();
  await harness.advance(0);
}

describe('stats', () => {
  it('is all zero in the beginning', async () => {
    await using harness = await createHarness();
    expect(await harness.dispatcher.stats()).toEqual({
      at: harness.clock.now(),
      byState: { scheduled: 0, sending: 0, succeeded: 0, exhausted: 0, discarded: 0, failed: 0 },
      pending: 0,
      unmatchedMessages: 0,
      waitingForRetry: 0,
      successRate: undefined,
      attempts: { delivered: 0, failed: 0 },
      latency: NO_LATENCY,
      lastDeliveredAt: undefined,
      lastFailedAt: undefined,
      consecutiveFailures: undefined,
      lifetime: { succeeded: 0, failed: 0, lastTriggeredAt: undefined },
      buckets: undefined,
    });
  });

  it('counts deliveries, attempts and failures exactly', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    const startedAt = clock.now();
    const good = await harness.createEndpoint({ url: receiver.urlOf('/good'), events: ['a'] });
    receiver.on('/bad').always(500);
    const bad = await harness.createEndpoint({
      url: receiver.urlOf('/bad'),
      retry: { kind: 'schedule', delaysMs: [1_000] },
    });
    await dispatcher.emit('a', 1);
    await dispatcher.emit('b', 2);
    await harness.advance(MINUTE);
    await dispatcher.emit('c', 3);
    await harness.advance(0);
    await dispatcher.endpoints.pause(good.id);
    await dispatcher.emit('a', 4, { to: [good.id] });
    await dispatcher.endpoints.test(good.id);
    const stats = await dispatcher.stats();
    expect(stats).toMatchObject({
      byState: { scheduled: 2, sending: 0, succeeded: 1, exhausted: 2, discarded: 0, failed: 0 },
      pending: 2,
      waitingForRetry: 1,
      successRate: 1 / 3,
      attempts: { delivered: 1, failed: 5 },
      latency: { count: 6, p50Ms: 0, maxMs: 0 },
      lastDeliveredAt: startedAt,
      lastFailedAt: startedAt + MINUTE,
      lifetime: { succeeded: 1, failed: 2 },
    });
    expect(await dispatcher.stats({ endpointId: bad.id })).toMatchObject({
      successRate: 0,
      attempts: { delivered: 0, failed: 5 },
      lastDeliveredAt: undefined,
      consecutiveFailures: 5,
      lifetime: { succeeded: 0, failed: 2, lastTriggeredAt: startedAt + MINUTE },
    });
    expect(await dispatcher.stats({ endpointId: good.id })).toMatchObject({
      successRate: 1,
      consecutiveFailures: 0,
    });
    expect(await dispatcher.stats({ since: new Date(startedAt + MINUTE) })).toMatchObject({
      pending: 2,
      successRate: undefined,
      attempts: { delivered: 0, failed: 1 },
      lifetime: { succeeded: 1, failed: 2 },
    });
    expect(await dispatcher.stats({ until: startedAt + MINUTE })).toMatchObject({
      pending: 0,
      unmatchedMessages: 0,
      attempts: { delivered: 1, failed: 4 },
    });
  });

  it('counts failures in a row until one attempt is delivered', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500, 500);
    const { id } = await harness.createEndpoint({ retry: { kind: 'schedule', delaysMs: [1_000, 1_000] } });
    await dispatcher.emit('a', 1);
    await harness.advance(1_000);
    expect(await dispatcher.stats({ endpointId: id })).toMatchObject({ consecutiveFailures: 2 });
    await harness.advance(1_000);
    expect(await dispatcher.stats({ endpointId: id })).toMatchObject({
      consecutiveFailures: 0,
      attempts: { failed: 2 },
    });
  });

  it('keeps lifetime counters when retention has removed the rest', async () => {
    await using harness = await createHarness({ dispatcher: { retention: { succeededMs: MINUTE } } });
    const { id } = await harness.createEndpoint();
    const startedAt = harness.clock.now();
    await harness.dispatcher.emit('a', 1);
    await harness.advance(60 * MINUTE);
    expect(await harness.dispatcher.stats({ endpointId: id })).toMatchObject({
      byState: { succeeded: 0 },
      attempts: { delivered: 0 },
      lifetime: { succeeded: 1, failed: 0, lastTriggeredAt: startedAt },
    });
  });

  it('tells how long answers took, also of failures, not of attempts without an answer', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ retry: 'once' });
    await sendSlowly(harness, 5);
    await sendSlowly(harness, 100);
    harness.receiver.reply(500);
    await sendSlowly(harness, 1_000);
    await harness.advance(0);
    harness.receiver.hold();
    await harness.dispatcher.emit('job.done', 'never answered');
    await harness.receiver.waitFor(4);
    await harness.advance(20_000);
    const { latency, attempts } = await harness.dispatcher.stats();
    expect(attempts).toEqual({ delivered: 2, failed: 2 });
    expect(latency).toEqual({ count: 3, p50Ms: 96, p90Ms: 1_000, p95Ms: 1_000, p99Ms: 1_000, maxMs: 1_000 });
  });

  it('counts by stretches of time, empty ones included', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    await harness.createEndpoint({ retry: 'once' });
    const since = clock.now();
    await dispatcher.emit('a', 1);
    await harness.advance(2 * MINUTE);
    receiver.reply(500);
    await dispatcher.emit('a', 2);
    await harness.advance(0);
    const { buckets } = await dispatcher.stats({ since, bucketMs: MINUTE });
    const answered = { ...NO_LATENCY, count: 1, p50Ms: 0, p90Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };
    expect(buckets).toEqual([
      { startAt: since, delivered: 1, failed: 0, latency: answered },
      { startAt: since + MINUTE, delivered: 0, failed: 0, latency: NO_LATENCY },
      { startAt: since + 2 * MINUTE, delivered: 0, failed: 1, latency: answered },
    ]);
    const { buckets: earlier } = await dispatcher.stats({ since, until: since + MINUTE, bucketMs: MINUTE });
    expect(earlier).toHaveLength(1);
  });

  it('stays within its tenant', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const { id } = await harness.createEndpoint({ tenant: 'acme' });
    await harness.createEndpoint();
    await dispatcher.emit('a', 1, { tenant: 'acme' });
    await harness.advance(0);
    expect(await dispatcher.stats({ tenant: 'acme' })).toMatchObject({
      successRate: 1,
      lifetime: { succeeded: 1 },
    });
    expect(await dispatcher.stats({ tenant: 'default' })).toMatchObject({
      pending: 0,
      unmatchedMessages: 0,
      lifetime: { succeeded: 0 },
    });
    expect(await dispatcher.stats({ tenant: 'acme', endpointId: id })).toMatchObject({ successRate: 1 });
    await expect(dispatcher.stats({ tenant: 'default', endpointId: id })).rejects.toThrow(NotFoundError);
    await expect(dispatcher.stats({ endpointId: 'ep_unknown' })).rejects.toThrow(NotFoundError);
  });

  it.each([
    [{ bucketMs: MINUTE }, 'since'],
    [{ since: 0, bucketMs: 59_999 }, 'expected a multiple of 60000'],
    [{ since: 0, bucketMs: 90_000 }, 'expected a multiple of 60000'],
    [{ since: 0, bucketMs: 0 }, 'expected a multiple of 60000'],
    [{ since: 59_999, until: 60_000_001, bucketMs: MINUTE }, 'at most 1000 buckets, got 1001'],
    [{ since: 0, bucketMs: MINUTE }, 'at most 1000 buckets'],
    [{ endpoint: 'ep_1' }, 'Did you mean "endpointId"?'],
    [{ since: 'yesterday' }, 'since'],
  ])('refuses %j', async (request, message) => {
    await using harness = await createHarness();
    const refused = harness.dispatcher.stats(request as never);
    await expect(refused).rejects.toThrow(OptionsError);
    await expect(refused).rejects.toThrow(message);
  });
});
