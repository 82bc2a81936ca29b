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
    await Promise.all([1, 2, 3].map((number) => dispatcher.emit('job.completed', { number })));
    await until(async () => (await dispatcher.health()).pendingOutcomes === 2, 'two are sent');
    await world.clock.advance(0);
    gate.open();
    await until(() => world.receiver.requests.length === 3, 'the third is sent');
  });
});
