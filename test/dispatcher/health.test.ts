import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, decorateStore, until } from '../support/world.ts';

describe('health', () => {
  it('is idle before the first use, and asking does not start anything', async () => {
    const dispatcher = new WebhookDispatcher();
    expect(await dispatcher.health()).toMatchObject({
      status: 'idle',
      store: { name: 'memory', capabilities: { durable: false } },
      transport: 'undici',
      endpoints: 0,
      inFlight: 0,
      lastError: undefined,
    });
    expect((await dispatcher.health()).status).toBe('idle');
  });

  it('counts what is in flight and queued', async () => {
    await using harness = await createHarness();
    harness.receiver.hold();
    await harness.createEndpoint({ concurrency: 2 });
    for (let n = 0; n < 4; n += 1) await harness.dispatcher.emit('job.done', n);
    await harness.receiver.waitFor(2);
    expect(await harness.dispatcher.health()).toMatchObject({
      status: 'running',
      endpoints: 1,
      inFlight: 2,
      queued: 2,
    });
    harness.receiver.release();
    await harness.advance(0);
    expect(await harness.dispatcher.health()).toMatchObject({ inFlight: 0, queued: 0, pendingOutcomes: 0 });
  });

  it('remembers the last error, and when the store last answered a claim', async () => {
    await using world = await createWorld();
    let isDown = false;
    const flaky = decorateStore(world.store, {
      claimDue: (params) =>
        isDown ? Promise.reject(new Error('gone fishing')) : world.store.claimDue(params),
    });
    const dispatcher = world.start({ store: flaky });
    await dispatcher.start();
    await world.advance(0);
    const { lastClaimAt } = await dispatcher.health();
    expect(lastClaimAt).toBe(world.clock.now());
    isDown = true;
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.endpoints.resume(id);
    await until(async () => (await dispatcher.health()).lastError !== undefined, 'the error is seen');
    expect(await dispatcher.health()).toMatchObject({
      lastClaimAt,
      lastError: { at: world.clock.now(), message: expect.stringContaining('gone fishing') },
    });
    isDown = false;
    await world.clock.advance(10_000);
    expect((await dispatcher.health()).lastClaimAt).toBeGreaterThan(lastClaimAt!);
  });
});

describe('the clock of the store', () => {
  it('is compared with that of the process, at start and from time to time', async () => {
    await using world = await createWorld();
    let aheadMs = 3_600_000;
    const store = decorateStore(world.store, { now: async () => (await world.store.now()) + aheadMs });
    const dispatcher = world.start({ store });
    await dispatcher.start();
    expect((await dispatcher.health()).clockDifferenceMs).toBe(3_600_000);
    aheadMs = -250;
    await world.advance(3_600_000);
    expect((await dispatcher.health()).clockDifferenceMs).toBe(-250);
  });

  it('is unknown while the store does not tell it, which is reported and stops nothing', async () => {
    await using world = await createWorld();
    const store = decorateStore(world.store, { now: () => Promise.reject(new Error('no such clock')) });
    const dispatcher = world.start({ store });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.emit('job.done', {});
    await world.receiver.waitFor(1);
    const { clockDifferenceMs, lastError } = await dispatcher.health();
    expect([clockDifferenceMs, lastError?.message]).toEqual([
      undefined,
      'Could not read the time of the store: no such clock',
    ]);
  });
});

describe('drain', () => {
  it('resolves when everything due has been sent, and does not wait for retries, paused or blocked endpoints', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    world.receiver.on('/bad').always(500);
    world.receiver.on('/busy').always({ status: 503, headers: { 'retry-after': '60' } });
    for (const path of ['/good', '/bad', '/busy', '/paused']) {
      const { id } = await dispatcher.endpoints.create({
        url: world.receiver.urlOf(path),
        concurrency: 1,
        breaker: false,
      });
      if (path === '/paused') await dispatcher.endpoints.pause(id);
    }
    for (let n = 0; n < 25; n += 1) await dispatcher.emit('job.done', n);
    await dispatcher.drain();
    const counts = (path: string): number =>
      world.receiver.requests.filter((request) => request.path === path).length;
    expect(['/good', '/bad', '/busy', '/paused'].map(counts)).toEqual([25, 25, 1, 0]);
  });
});
