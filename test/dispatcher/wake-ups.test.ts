/** What becomes due is sent at once, not when it is looked for again anyway. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { createWorld, decorateStore, turn, until, type World } from '../support/world.ts';

/** As stores do that many processes share: they tell of what others stored, not of what this process did. */
function quiet(store: Store): Store {
  return decorateStore(store, {
    watch: (listener) =>
      store.watch((change) => {
        if (change.kind !== 'work') listener(change);
      }),
  });
}

const arrived = (world: World, count: number): Promise<void> =>
  until(() => world.receiver.requests.length === count, `${count} requests have arrived`);

describe('a process that is told of nothing it did itself', () => {
  it.each(['fifo', 'key'] as const)(
    'sends one delivery of an order after the other (%s)',
    async (ordering) => {
      await using world = await createWorld();
      const dispatcher = world.start({ store: quiet(world.store) });
      await dispatcher.endpoints.create({ url: world.receiver.url, ordering });
      for (let number = 0; number < 5; number += 1)
        await dispatcher.emit('job.completed', { number }, { orderingKey: 'a' });
      await arrived(world, 5);
      expect(world.clock.elapsed()).toBe(0);
    },
  );

  it('sends the next of an order when the one before is cancelled', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ store: quiet(world.store) });
    await dispatcher.endpoints.create({ url: world.receiver.url, ordering: 'fifo' });
    world.receiver.reply(500);
    const { deliveries } = await dispatcher.emit('job.completed', { number: 1 });
    await dispatcher.emit('job.completed', { number: 2 });
    await until(async () => (await dispatcher.deliveries.get(deliveries[0]!.id)).attempts === 1, 'it failed');
    await until(async () => (await dispatcher.health()).pendingOutcomes === 0, 'that is written');
    await dispatcher.deliveries.cancel(deliveries[0]!.id);
    await arrived(world, 2);
  });

  it('sends the next of a lane that had all its leases when one of them ends', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ store: quiet(world.store) });
    await dispatcher.endpoints.create({ url: world.receiver.url, maxConcurrencyTotal: 2 });
    for (let number = 0; number < 9; number += 1) await dispatcher.emit('job.completed', { number });
    await arrived(world, 9);
    expect(world.clock.elapsed()).toBe(0);
  });

  it('sends the next of a lane that was limited while as many were in flight, when one of them ends', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ store: quiet(world.store) });
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    world.receiver.hold();
    for (let number = 0; number < 2; number += 1) await dispatcher.emit('job.completed', { number });
    await arrived(world, 2);
    await dispatcher.endpoints.update(id, { maxConcurrencyTotal: 2 });
    await dispatcher.emit('job.completed', { number: 2 });
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(world.receiver.received).toBe(2);
    world.receiver.release();
    await arrived(world, 3);
    expect(world.clock.elapsed()).toBe(0);
  });

  it('sends what became due while its lane was full', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ store: quiet(world.store) });
    const { id } = await dispatcher.endpoints.create({
      url: world.receiver.url,
      concurrency: 1,
      retry: { kind: 'schedule', delaysMs: [4_000], jitter: 0 },
    });
    world.receiver.reply(500);
    await dispatcher.emit('job.completed', { number: 1 });
    await world.advance(0);
    await dispatcher.endpoints.pause(id);
    for (let number = 2; number < 5; number += 1) await dispatcher.emit('job.completed', { number });
    await dispatcher.stop();
    const next = world.start({ store: quiet(world.store) });
    await next.start();
    world.receiver.hold();
    await next.endpoints.resume(id);
    await arrived(world, 2);
    await world.clock.advance(5_000);
    world.receiver.release();
    await arrived(world, 5);
    expect(world.clock.elapsed()).toBeLessThan(6_000);
  });

  it('sends a retry that became due while duplicates kept all room', async () => {
    await using world = await createWorld();
    let opened: Promise<void> = Promise.resolve();
    let open = (): void => undefined;
    let appends = 0;
    const store = decorateStore(quiet(world.store), {
      async append(params) {
        appends += 1;
        await opened;
        return world.store.append(params);
      },
    });
    const dispatcher = world.start({ store, maxConcurrency: 1 });
    const retry = { kind: 'schedule', delaysMs: [4_000], jitter: 0 } as const;
    await dispatcher.endpoints.create({ url: world.receiver.url, concurrency: 1, retry });
    world.receiver.reply(500);
    const emit = () => dispatcher.emit('job.completed', {}, { idempotencyKey: 'key' });
    await emit();
    await world.advance(0);
    opened = new Promise((resolve) => (open = resolve));
    const duplicates = [emit(), emit()];
    await until(() => appends === 2, 'they are on their way');
    await world.clock.advance(4_000);
    for (let turns = 0; turns < 10; turns += 1) await turn();
    open();
    expect((await Promise.all(duplicates)).map(({ duplicate }) => duplicate)).toEqual([true, true]);
    await arrived(world, 2);
  });
});

describe('a rate limit', () => {
  it('holds at the receiver, although slow requests keep the slots for a while', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const rateLimit = { limit: 10, intervalMs: 1_000 };
    await dispatcher.endpoints.create({ url: world.receiver.url, rateLimit });
    world.receiver.hold();
    for (let number = 0; number < 60; number += 1) await dispatcher.emit('job.completed', { number });
    await arrived(world, 10);
    await world.clock.advance(4_000);
    world.receiver.release();
    await arrived(world, 20);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(world.receiver.requests).toHaveLength(20);
    await world.advance(4_000);
    expect(world.receiver.requests).toHaveLength(60);
  });
});
