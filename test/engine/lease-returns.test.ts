import { describe, expect, it } from 'vitest';
import { Activity } from '../../src/engine/activity.ts';
import { type HeldDelivery, LeaseReturns, type LeaseReturnsOptions } from '../../src/engine/lease-returns.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../src/testing/store-suite/store-world.ts';

describe('LeaseReturns', () => {
  it('lets the next probe follow at once when one was not made', async () => {
    const clock = createManualClock();
    const store = memoryStore();
    const world = new StoreWorld({ store, close: async () => undefined }, clock);
    await world.open();
    await store.putLane({ laneId: 'ep', blockForMs: 1_000, blockedReason: 'breaker', trips: 1 });
    await world.emit(['ep', 'ep']);
    await clock.advance(1_000);
    const probe = await world.claimOne();
    const returns = new LeaseReturns({
      store,
      activity: new Activity(),
      reporter: { error: (error: unknown) => expect.unreachable(String(error)) },
      onDiscarded: () => expect.unreachable('nothing is discarded'),
    } as unknown as LeaseReturnsOptions);
    await returns.handBack([probe satisfies HeldDelivery]);
    await clock.advance(1);
    expect(await world.claimOne()).toMatchObject({ probe: true });
    expect(await store.getLane({ laneId: 'ep' })).toMatchObject({ trips: 1, blockedReason: 'breaker' });
  });
});
