import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, decorateStore, recordEvents, turn, until } from '../support/world.ts';

const SECOND = 1_000;
/** The draw of the harness is 0.5: an eighth on top. */
const OPEN_MS = 10_000;
/** With one slot: the next attempt has begun when the outcome of the fifth is written. */
const UNTIL_OPEN = 6;
const BREAKER = { minAttempts: 5, windowMs: 60_000 } as const;

async function emitMany(dispatcher: WebhookDispatcher, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => dispatcher.emit('job.done', n)));
}

describe('the circuit breaker', () => {
  it('opens when too many attempts fail: what waits spends no attempts, then one is tried, and success lets all go', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(503);
    const endpoint = await harness.createEndpoint({ breaker: BREAKER, concurrency: 1 });
    const events = recordEvents(dispatcher, 'endpoint.blocked', 'endpoint.unblocked');
    await emitMany(dispatcher, 20);
    await harness.advance(0);
    expect(receiver.received).toBe(UNTIL_OPEN);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({
      blockedReason: 'breaker',
      breakerOpen: true,
      blockedUntil: harness.clock.now() + OPEN_MS,
    });
    await harness.advance(OPEN_MS - 1);
    expect(receiver.received).toBe(UNTIL_OPEN);
    receiver.always(204);
    await harness.advance(1);
    expect(receiver.received).toBe(20 + UNTIL_OPEN);
    const deliveries = await harness.deliveriesTo(endpoint);
    expect(deliveries.map(({ state, attempts }) => [state, attempts])).toEqual([
      ...Array.from({ length: UNTIL_OPEN }, () => ['succeeded', 2]),
      ...Array.from({ length: 20 - UNTIL_OPEN }, () => ['succeeded', 1]),
    ]);
    expect(events.map(({ name, event }) => [name, 'forMs' in event && event.forMs])).toEqual([
      ['endpoint.blocked', OPEN_MS],
      ['endpoint.unblocked', false],
    ]);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({
      blockedUntil: undefined,
      breakerOpen: false,
    });
  });

  it('tries one delivery at a time, less and less often', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const breaker = { ...BREAKER, openMs: 10 * SECOND, maxOpenMs: 60 * SECOND };
    const { id } = await harness.createEndpoint({ breaker, retry: 'once', concurrency: 1 });
    const events = recordEvents(dispatcher, 'endpoint.blocked', 'endpoint.unblocked');
    await emitMany(dispatcher, 100);
    await harness.advance(0);
    const probes: number[] = [];
    for (let second = 1; second <= 300; second += 1) {
      const before = receiver.received;
      await harness.advance(SECOND);
      if (receiver.received > before) probes.push(second);
      expect(receiver.received - before).toBeLessThanOrEqual(1);
    }
    // 10 s, then 20 s, 40 s, 60 s, 60 s …
    expect(probes).toEqual([10, 30, 70, 130, 190, 250]);
    expect(events).toMatchObject([{ name: 'endpoint.blocked', event: { reason: 'breaker' } }]);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ breakerOpen: true, blockedReason: 'breaker' });
  });

  it('is told of once for each time it opens, also when its probes ask for a pause', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    await harness.createEndpoint({ breaker: BREAKER, retry: 'once', concurrency: 1 });
    const events = recordEvents(dispatcher, 'endpoint.blocked', 'endpoint.unblocked');
    await emitMany(dispatcher, 20);
    await harness.advance(0);
    receiver.always({ status: 503, headers: { 'retry-after': '60' } });
    await harness.advance(300 * SECOND);
    receiver.always(204);
    await harness.advance(900 * SECOND);
    receiver.always(500);
    await emitMany(dispatcher, 20);
    await harness.advance(300 * SECOND);
    expect(events.map(({ name }) => name)).toEqual([
      'endpoint.blocked',
      'endpoint.unblocked',
      'endpoint.blocked',
    ]);
  });

  it('is no breaker of answers that tell of a receiver at work', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(404);
    await harness.createEndpoint({ breaker: BREAKER, retry: 'once' });
    await emitMany(dispatcher, 30);
    await harness.advance(0);
    expect(receiver.received).toBe(30);
  });

  it('closes when a probe is answered by a receiver at work, though the delivery fails', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const endpoint = await harness.createEndpoint({ breaker: BREAKER, retry: 'once', concurrency: 1 });
    await emitMany(dispatcher, 10);
    await harness.advance(0);
    receiver.always(422);
    await harness.advance(OPEN_MS);
    expect(receiver.received).toBe(10);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({ breakerOpen: false });
  });

  it('costs other endpoints nothing, and their failures nobody else', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.on('/bad').always(500);
    const breaker = { ...BREAKER };
    await harness.createEndpoint({ url: receiver.urlOf('/bad'), breaker, concurrency: 1 });
    const good = await harness.createEndpoint({ url: receiver.urlOf('/good'), breaker });
    await emitMany(dispatcher, 50);
    await harness.advance(0);
    const at = (path: string): number => receiver.requests.filter((request) => request.path === path).length;
    expect([at('/bad'), at('/good')]).toEqual([UNTIL_OPEN, 50]);
    expect(await dispatcher.endpoints.get(good.id)).toMatchObject({ breakerOpen: false });
  });

  it('can be switched off, for one or for all', async () => {
    await using harness = await createHarness({ dispatcher: { breaker: false, retry: 'once' } });
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    await harness.createEndpoint();
    await harness.createEndpoint({ breaker: { minAttempts: 5 }, concurrency: 1 });
    await emitMany(dispatcher, 30);
    await harness.advance(0);
    expect(receiver.received).toBe(30 + UNTIL_OPEN);
  });

  it('is closed by resume, and by an update of the URL', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.on('/old').always(500);
    const settings = {
      url: receiver.urlOf('/old'),
      breaker: BREAKER,
      retry: 'once',
      concurrency: 1,
    } as const;
    const resumed = await harness.createEndpoint(settings);
    const moved = await harness.createEndpoint(settings);
    await emitMany(dispatcher, 10);
    await harness.advance(0);
    expect(receiver.received).toBe(2 * UNTIL_OPEN);
    await dispatcher.endpoints.resume(resumed.id);
    await dispatcher.endpoints.update(moved.id, { url: receiver.urlOf('/new') });
    await harness.advance(0);
    const at = (path: string): number => receiver.requests.filter((request) => request.path === path).length;
    expect([at('/old'), at('/new')]).toEqual([UNTIL_OPEN + 10, 10 - UNTIL_OPEN]);
  });

  it('stays open over a restart, and for other processes', async () => {
    await using world = await createWorld();
    const { receiver } = world;
    receiver.always(500);
    const store = memoryStore();
    const first = world.start({ store, breaker: BREAKER, retry: 'once' });
    const { id } = await first.endpoints.create({ url: receiver.url, concurrency: 1 });
    await Promise.all(Array.from({ length: 10 }, (_, n) => first.emit('job.done', n)));
    await first.drain();
    expect(receiver.received).toBe(UNTIL_OPEN);
    const second = world.start({ store, breaker: BREAKER, retry: 'once' });
    await second.emit('job.done', 11);
    await second.drain();
    await first.stop();
    expect(receiver.received).toBe(UNTIL_OPEN);
    receiver.always(204);
    await world.clock.advance(13_000);
    await second.drain();
    expect(receiver.received).toBe(11);
    expect((await second.endpoints.get(id)).breakerOpen).toBe(false);
  });

  it('opens also when the store fails for a moment', async () => {
    await using world = await createWorld();
    const { receiver } = world;
    receiver.always(500);
    let failures = 3;
    const memory = memoryStore();
    const store = decorateStore(memory, {
      putLane: async (params) => {
        failures -= 1;
        if (failures >= 0) throw new Error('no answer');
        return memory.putLane(params);
      },
    });
    const dispatcher = world.start({ store, breaker: BREAKER, retry: 'once' });
    const { id } = await dispatcher.endpoints.create({ url: receiver.url, concurrency: 1 });
    await Promise.all(Array.from({ length: 10 }, (_, n) => dispatcher.emit('job.done', n)));
    await world.clock.advance(5_000);
    expect(receiver.received).toBe(UNTIL_OPEN);
    expect((await dispatcher.endpoints.get(id)).breakerOpen).toBe(true);
  });

  it.each(['resumed', 'moved'])('is not opened again by a probe from before it was %s', async (how) => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    receiver.on('/old').always(500);
    const url = receiver.urlOf('/old');
    const retry = { kind: 'schedule', delaysMs: [3_600_000] } as const;
    const endpoint = await harness.createEndpoint({ url, breaker: BREAKER, retry, concurrency: 1 });
    await emitMany(dispatcher, UNTIL_OPEN + 1);
    await harness.advance(0);
    receiver.hold();
    await clock.advance(OPEN_MS);
    await until(() => receiver.waiting === 1, 'the probe is on its way');
    if (how === 'resumed') await dispatcher.endpoints.resume(endpoint.id);
    else await dispatcher.endpoints.update(endpoint.id, { url: receiver.urlOf('/new') });
    receiver.release();
    await harness.advance(0);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({
      breakerOpen: false,
      blockedUntil: undefined,
    });
  });

  it('leaves a pause alone that another attempt was asked for while the probe was under way', async () => {
    await using world = await createWorld();
    const { receiver, store, clock } = world;
    receiver.always(500);
    const dispatcher = world.start({ breaker: BREAKER, retry: 'once' });
    const { id } = await dispatcher.endpoints.create({ url: receiver.url, concurrency: 1 });
    await emitMany(dispatcher, 10);
    await dispatcher.drain();
    receiver.always(204);
    receiver.hold();
    await clock.advance(OPEN_MS);
    await until(() => receiver.waiting === 1, 'the probe is on its way');
    await store.putLane({ laneId: id, blockForMs: 3_600_000, blockedReason: 'retry_after' });
    receiver.release();
    await dispatcher.drain();
    expect(await dispatcher.endpoints.get(id)).toMatchObject({
      breakerOpen: false,
      blockedReason: 'retry_after',
      blockedUntil: clock.now() + 3_600_000,
    });
  });

  it('waits for a probe that takes longer than its lease, and tries no other one meanwhile', async () => {
    await using world = await createWorld();
    const { receiver, clock } = world;
    receiver.always(500);
    const options = { breaker: BREAKER, retry: 'once', leaseMs: SECOND, timeoutMs: 60 * SECOND } as const;
    const dispatchers = [world.start(options), world.start(options)];
    const { id } = await dispatchers[0]!.endpoints.create({ url: receiver.url, concurrency: 1 });
    await emitMany(dispatchers[0]!, 20);
    await world.advance(0);
    const untilOpen = receiver.received;
    receiver.always(204);
    receiver.hold();
    await clock.advance(OPEN_MS);
    await until(() => receiver.waiting === 1, 'the probe is on its way');
    await world.advance(10 * SECOND);
    expect([receiver.received, receiver.waiting]).toEqual([untilOpen + 1, 1]);
    receiver.release();
    await world.advance(0);
    expect(await dispatchers[1]!.endpoints.get(id)).toMatchObject({ breakerOpen: false });
    expect(receiver.received).toBe(20);
  });

  it('is not held shut by a probe from before it was resumed', async () => {
    await using world = await createWorld();
    const { receiver, clock } = world;
    receiver.always(500);
    const options = { breaker: BREAKER, retry: 'once', leaseMs: SECOND, timeoutMs: 60 * SECOND } as const;
    const dispatcher = world.start(options);
    const { id } = await dispatcher.endpoints.create({ url: receiver.url, concurrency: 2 });
    await emitMany(dispatcher, 20);
    await world.advance(0);
    receiver.hold();
    await clock.advance(OPEN_MS);
    await until(() => receiver.waiting === 1, 'the probe is on its way');
    await dispatcher.endpoints.resume(id);
    await until(() => receiver.waiting === 2, 'the next one is sent beside it');
    await world.advance(10 * SECOND);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ breakerOpen: false, blockedUntil: undefined });
  });

  it('counts a time once, and tells of the first, when the store writes and its answer is lost', async () => {
    await using world = await createWorld();
    const { receiver, clock } = world;
    let losses = 0;
    let answers = 0;
    let isLosing = true;
    const store = decorateStore(world.store, {
      putLane: async (params) => {
        await world.store.putLane(params);
        if (params.trips === undefined) return;
        if (!isLosing) return void (answers += 1);
        isLosing = false;
        losses += 1;
        throw new Error('no answer');
      },
    });
    receiver.always(500);
    const dispatcher = world.start({ store, breaker: BREAKER, retry: 'once' });
    const blocks = recordEvents(dispatcher, 'endpoint.blocked');
    const { id } = await dispatcher.endpoints.create({ url: receiver.url, concurrency: 1 });
    await emitMany(dispatcher, 20);
    for (const trips of [1, 2]) {
      await until(() => losses === trips, 'an answer is lost');
      await turn();
      // The call is made again.
      await clock.advance(SECOND);
      await until(() => answers === trips, 'it is answered');
      await until(() => blocks.length === 1, 'it is told');
      expect((await store.getLane({ laneId: id })).trips).toBe(trips);
      isLosing = true;
      await clock.advance(OPEN_MS);
    }
  });
});
