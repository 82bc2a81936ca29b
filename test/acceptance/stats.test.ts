/** Numbers of several tenants, ranges and stretches of time, recounted by hand. */
import { describe, expect, it } from 'vitest';
import type { Stats } from 'posthorn';
import { createHarness } from 'posthorn/testing';

const MINUTE = 60_000;
const ONE_RETRY = { kind: 'schedule', delaysMs: [30_000], jitter: 0 } as const;
const LATE_RETRY = { kind: 'schedule', delaysMs: [90_000], jitter: 0 } as const;

const barsOf = ({ buckets }: Stats): [number, number, number][] =>
  buckets!.map(({ delivered, failed, latency }) => [delivered, failed, latency.count]);

describe('buckets', () => {
  it('begin with the minute of since, include their first millisecond, and end before the next', async () => {
    await using harness = await createHarness();
    const { dispatcher, clock } = harness;
    await harness.createEndpoint();
    const minute = (Math.floor(clock.now() / MINUTE) + 1) * MINUTE;
    await harness.advance(minute - 1 - clock.now());
    for (const ms of [1, MINUTE - 1, 1, 3 * MINUTE - 1, 1]) {
      await dispatcher.emit('job.done', 1);
      await harness.advance(ms);
    }
    // Sent at -1, 0, 59_999, 60_000 and 239_999 of the minute.
    const stats = await dispatcher.stats({
      since: minute + 17_000,
      until: minute + 5 * MINUTE,
      bucketMs: MINUTE,
    });
    expect(stats.buckets!.map(({ startAt }) => (startAt - minute) / MINUTE)).toEqual([0, 1, 2, 3, 4]);
    expect(barsOf(stats)).toEqual([
      [2, 0, 2],
      [1, 0, 1],
      [0, 0, 0],
      [1, 0, 1],
      [0, 0, 0],
    ]);
    expect(stats.attempts).toEqual({ delivered: 4, failed: 0 });
  });

  it('are cut off by until, the last one shorter than the others', async () => {
    await using harness = await createHarness();
    const { dispatcher, clock } = harness;
    await harness.createEndpoint();
    const since = clock.now();
    expect(since % MINUTE).toBe(0);
    for (let n = 0; n < 5; n += 1) {
      await dispatcher.emit('job.done', n);
      await harness.advance(MINUTE);
    }
    const stats = await dispatcher.stats({ since, until: since + 3 * MINUTE, bucketMs: 2 * MINUTE });
    expect(barsOf(stats)).toEqual([
      [2, 0, 2],
      [1, 0, 1],
    ]);
    expect(stats.byState.succeeded).toBe(3);
  });

  it('are empty ones where nothing ever happened', async () => {
    await using harness = await createHarness();
    const since = harness.clock.now();
    const stats = await harness.dispatcher.stats({ since, until: since + 1_000 * MINUTE, bucketMs: MINUTE });
    expect(stats.buckets).toHaveLength(1_000);
    expect(
      barsOf(stats)
        .flat()
        .every((count) => count === 0),
    ).toBe(true);
    for (const { latency } of stats.buckets!)
      expect(latency).toEqual({
        count: 0,
        p50Ms: undefined,
        p90Ms: undefined,
        p95Ms: undefined,
        p99Ms: undefined,
        maxMs: undefined,
      });
  });

  it('are those of the endpoint or tenant that was asked for', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    receiver.on('/bad').always(500);
    const since = clock.now();
    const good = await harness.createEndpoint({ tenant: 'acme', url: receiver.urlOf('/good') });
    const bad = await harness.createEndpoint({
      tenant: 'acme',
      url: receiver.urlOf('/bad'),
      retry: ONE_RETRY,
    });
    await harness.createEndpoint({ tenant: 'umbrella' });
    await dispatcher.emit('job.done', 1, { tenant: 'acme' });
    await harness.advance(MINUTE);
    await dispatcher.emit('job.done', 1, { tenant: 'umbrella' });
    await harness.advance(0);
    const range = { since, until: since + 2 * MINUTE, bucketMs: MINUTE };
    expect(barsOf(await dispatcher.stats(range))).toEqual([
      [1, 2, 3],
      [1, 0, 1],
    ]);
    expect(barsOf(await dispatcher.stats({ ...range, tenant: 'acme' }))).toEqual([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    expect(barsOf(await dispatcher.stats({ ...range, tenant: 'umbrella' }))).toEqual([
      [0, 0, 0],
      [1, 0, 1],
    ]);
    expect(barsOf(await dispatcher.stats({ ...range, endpointId: good.id }))[0]).toEqual([1, 0, 1]);
    expect(barsOf(await dispatcher.stats({ ...range, endpointId: bad.id }))[0]).toEqual([0, 2, 2]);
    expect(barsOf(await dispatcher.stats({ ...range, tenant: 'nobody' })).flat()).toEqual(Array(6).fill(0));
  });
});

describe('since and until', () => {
  it('mean the creation of deliveries, and the start of attempts', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    receiver.reply(500);
    const startedAt = clock.now();
    await harness.createEndpoint({ retry: LATE_RETRY });
    await dispatcher.emit('job.done', 1);
    await harness.advance(2 * MINUTE);
    const before = await dispatcher.stats({ until: startedAt + 30_000 });
    expect(before).toMatchObject({
      byState: { succeeded: 1 },
      attempts: { delivered: 0, failed: 1 },
      lastDeliveredAt: undefined,
      lastFailedAt: startedAt,
    });
    const after = await dispatcher.stats({ since: startedAt + MINUTE + 40_000 });
    expect(after).toMatchObject({
      byState: { succeeded: 0 },
      successRate: undefined,
      attempts: { delivered: 1, failed: 0 },
      // A little before since, but in its minute.
      lastDeliveredAt: startedAt + 90_000,
      lastFailedAt: undefined,
      lifetime: { succeeded: 1, failed: 0 },
    });
    expect(await dispatcher.stats({ since: startedAt, until: startedAt })).toMatchObject({
      byState: { succeeded: 0 },
      attempts: { delivered: 0, failed: 0 },
      latency: { count: 0 },
    });
  });
});

describe('totals', () => {
  it('leave discarded ones out of the success rate, and faults out of the attempts', async () => {
    await using harness = await createHarness({
      dispatcher: {
        retry: 'once',
        functions: {
          header: {
            broken: () => {
              throw new Error('broken');
            },
          },
        },
      },
    });
    const { dispatcher, receiver } = harness;
    receiver.on('/bad').always(500);
    await harness.createEndpoint({ url: receiver.urlOf('/good') });
    await harness.createEndpoint({ url: receiver.urlOf('/bad') });
    await harness.createEndpoint({ url: receiver.urlOf('/disabled'), status: 'disabled' });
    const fault = await harness.createEndpoint({ computedHeaders: { 'x-broken': 'broken' } });
    await dispatcher.emit('job.done', 1);
    await harness.advance(60 * MINUTE);
    const stats = await dispatcher.stats();
    expect(stats).toMatchObject({
      byState: { scheduled: 0, sending: 0, succeeded: 1, exhausted: 1, discarded: 1, failed: 1 },
      pending: 0,
      successRate: 1 / 3,
      attempts: { delivered: 1, failed: 1 },
      latency: { count: 2 },
      lifetime: { succeeded: 1, failed: 2 },
    });
    expect(await dispatcher.stats({ endpointId: fault.id })).toMatchObject({
      attempts: { delivered: 0, failed: 0 },
      consecutiveFailures: 0,
      successRate: 0,
      lifetime: { succeeded: 0, failed: 1, lastTriggeredAt: undefined },
    });
  });

  it('count what is being sent, what waits, and what waits for a retry', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.on('/bad').always(500);
    await harness.createEndpoint({ url: receiver.urlOf('/bad'), retry: ONE_RETRY });
    await dispatcher.emit('job.done', 'waits for its retry');
    await harness.advance(0);
    await harness.createEndpoint({ url: receiver.urlOf('/slow'), concurrency: 1, events: ['slow'] });
    receiver.hold();
    await dispatcher.emit('slow', 1);
    await receiver.waitFor(3);
    const { id } = await harness.createEndpoint({ events: ['paused'] });
    await dispatcher.endpoints.pause(id);
    await dispatcher.emit('paused', 1, { to: [id] });
    const stats = await dispatcher.stats();
    expect(stats.byState).toMatchObject({ scheduled: 2, sending: 2, succeeded: 0 });
    expect([stats.pending, stats.waitingForRetry]).toEqual([4, 1]);
    receiver.release();
    await harness.advance(0);
  });

  it('count destinations in their tenant, and by the id of the hidden endpoint', async () => {
    await using harness = await createHarness({ dispatcher: { retry: 'once' } });
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    const { deliveries } = await dispatcher.emit('job.done', 1, {
      tenant: 'acme',
      to: { url: receiver.url },
    });
    await harness.advance(0);
    const counted = { byState: { exhausted: 1 }, successRate: 0, attempts: { delivered: 0, failed: 1 } };
    expect(await dispatcher.stats({ tenant: 'acme' })).toMatchObject(counted);
    expect(await dispatcher.stats({ endpointId: deliveries[0]!.endpointId })).toMatchObject({
      ...counted,
      consecutiveFailures: 1,
    });
    expect(await dispatcher.stats({ tenant: 'default' })).toMatchObject({ byState: { exhausted: 0 } });
  });

  it('keep the deliveries of a removed endpoint, without its lifetime', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const gone = await harness.createEndpoint();
    await harness.createEndpoint();
    await dispatcher.emit('job.done', 1);
    await harness.advance(0);
    await dispatcher.endpoints.remove(gone.id);
    expect(await dispatcher.stats()).toMatchObject({
      byState: { succeeded: 2 },
      attempts: { delivered: 2 },
      lifetime: { succeeded: 1, failed: 0 },
    });
    await expect(dispatcher.stats({ endpointId: gone.id })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are not touched by tests, except that an endpoint was triggered', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { id } = await harness.createEndpoint();
    receiver.always(500);
    await dispatcher.endpoints.test(id);
    expect(await dispatcher.stats({ endpointId: id })).toMatchObject({
      byState: { scheduled: 0, succeeded: 0, exhausted: 0 },
      attempts: { delivered: 0, failed: 0 },
      latency: { count: 0 },
      lastFailedAt: undefined,
      consecutiveFailures: 0,
    });
  });

  it('count a replayed delivery by its last state, and all its attempts', async () => {
    await using harness = await createHarness({ dispatcher: { retry: 'once' } });
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    const { id } = await harness.createEndpoint();
    await dispatcher.emit('job.done', 1);
    await harness.advance(1_000);
    await dispatcher.replay({ states: ['exhausted'] });
    await harness.advance(0);
    expect(await dispatcher.stats({ endpointId: id })).toMatchObject({
      byState: { succeeded: 1, exhausted: 0 },
      successRate: 1,
      attempts: { delivered: 1, failed: 1 },
      consecutiveFailures: 0,
      lifetime: { succeeded: 1, failed: 1 },
    });
  });
});
