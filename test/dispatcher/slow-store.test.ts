/** Slots come free while a store takes its time: what waits is claimed at once, and not when it is looked for again anyway. */
import { describe, expect, it } from 'vitest';
import { createWorld, decorateStore, until } from '../support/world.ts';

/** Holds calls up until it is opened. */
function createGate(): Disposable & { readonly open: () => void; readonly opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened, [Symbol.dispose]: open };
}

describe('a slow store', () => {
  it('is asked again when slots came free while it answered a claim', async () => {
    await using world = await createWorld();
    using gate = createGate();
    let passedOver = 0;
    const store = decorateStore(world.store, {
      async claimDue(params) {
        const result = await world.store.claimDue(params);
        // Something is due, of the lane that had no slot.
        if (result.leased.length === 0 && result.nextDueMs === 0) {
          passedOver += 1;
          await gate.opened;
        }
        return result;
      },
    });
    const dispatcher = world.start({ store });
    await dispatcher.endpoints.create({ url: world.receiver.url, concurrency: 1 });
    world.receiver.hold();
    await Promise.all([1, 2, 3].map((number) => dispatcher.emit('job.completed', { number })));
    await until(() => passedOver === 1, 'the third is passed over');
    world.receiver.release();
    await until(
      async () => (await dispatcher.deliveries.list({ states: ['succeeded'] })).items.length === 2,
      'the outcomes of the others are written',
    );
    gate.open();
    await until(() => world.receiver.requests.length === 3, 'the third is sent');
    expect(passedOver).toBe(1);
  });

  it('is asked again when an endpoint was resumed while it answered a claim that found it paused', async () => {
    await using world = await createWorld();
    using gate = createGate();
    let isHeld = false;
    const store = decorateStore(world.store, {
      async claimDue(params) {
        const result = await world.store.claimDue(params);
        if (!isHeld) return result;
        await gate.opened;
        return result;
      },
    });
    const dispatcher = world.start({ store });
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.endpoints.pause(id);
    await world.clock.advance(0);
    isHeld = true;
    await dispatcher.emit('job.completed', {});
    await world.clock.advance(0);
    await dispatcher.endpoints.resume(id);
    isHeld = false;
    gate.open();
    await until(() => world.receiver.requests.length === 1, 'it is sent');
  });

  it('is asked again when outcomes are written that left no room', async () => {
    await using world = await createWorld();
    using gate = createGate();
    const store = decorateStore(world.store, {
      async settle(params) {
        await gate.opened;
        return world.store.settle(params);
      },
    });
    const dispatcher = world.start({ store, maxConcurrency: 1 });
    await dispatcher.endpoints.create({ url: world.receiver.url, concurrency: 1 });
    await Promise.all([1, 2, 3, 4].map((number) => dispatcher.emit('job.completed', { number })));
    await until(async () => (await dispatcher.health()).pendingOutcomes === 3, 'three are sent');
    await world.clock.advance(0);
    expect(world.receiver.requests).toHaveLength(3);
    gate.open();
    await until(() => world.receiver.requests.length === 4, 'the fourth is sent');
  });

  it('is not asked while all that waits is for endpoints without a free slot', async () => {
    await using world = await createWorld();
    let claims = 0;
    const store = decorateStore(world.store, {
      claimDue(params) {
        claims += 1;
        return world.store.claimDue(params);
      },
      // As stores do that know who stored it.
      watch: (listener) =>
        world.store.watch((change) => {
          if (change.kind !== 'work') listener(change);
        }),
    });
    const dispatcher = world.start({ store });
    await dispatcher.endpoints.create({ url: world.receiver.url, concurrency: 1 });
    await world.clock.advance(0);
    world.receiver.hold();
    const before = claims;
    for (let number = 0; number < 12; number += 1) {
      await dispatcher.emit('job.completed', { number });
      await world.clock.advance(0);
    }
    expect(claims).toBe(before);
    world.receiver.release();
    await until(() => world.receiver.requests.length === 12, 'all are sent');
  });

  it('is asked at once for an endpoint that has a free slot, whatever waits for others', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({
      url: world.receiver.urlOf('/hangs'),
      events: ['hangs'],
      concurrency: 1,
    });
    const good = await dispatcher.endpoints.create({
      url: world.receiver.urlOf('/good'),
      events: ['good'],
      ordering: 'fifo',
    });
    world.receiver.on('/hangs').always({ status: 204, hold: true });
    for (let number = 0; number < 5; number += 1) await dispatcher.emit('hangs', { number });
    await world.clock.advance(0);
    // With an ordering key it is left to a claim, however many slots are free.
    for (let number = 0; number < 5; number += 1)
      await dispatcher.emit('good', { number }, { orderingKey: 'a' });
    await until(
      async () => (await dispatcher.endpoints.get(good.id)).succeeded === 5,
      'the good endpoint has everything',
    );
  });
});
