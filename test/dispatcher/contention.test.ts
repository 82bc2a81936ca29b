/** Processes that share a store pass over lanes that another one has locked, and must not take that for "nothing to do". */
import { describe, expect, it } from 'vitest';
import type { ClaimResult } from '../../src/store/store.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createWorld, decorateStore, onlyDelivery, turn, until, type World } from '../support/world.ts';

const PASSED_OVER: ClaimResult = { leased: [], rescued: [], nextDueMs: 0, nextOpenMs: 0 };

/** A world whose lanes are locked by somebody else for a number of claims. */
async function setup(): Promise<World & { locked: number }> {
  const memory = memoryStore();
  const lock = { locked: 0 };
  const store = decorateStore(memory, {
    claimDue: async (params) => {
      if (lock.locked === 0) return memory.claimDue(params);
      lock.locked -= 1;
      return PASSED_OVER;
    },
  });
  return Object.assign(lock, await createWorld({ store }));
}

describe('lanes that another process has locked', () => {
  it('are looked at again at once, not at the next poll', async () => {
    await using world = await setup();
    const dispatcher = world.start({ pollIntervalMs: 60_000 });
    await dispatcher.endpoints.create({ url: world.receiver.url, ordering: 'key' });
    await dispatcher.drain();
    world.locked = 5;
    await dispatcher.emit('job.done', 1, { orderingKey: 'job' });
    await world.clock.advance(200);
    await world.receiver.waitFor(1);
    expect(world.locked).toBe(0);
  });

  it('are looked at less and less often while they stay locked', async () => {
    await using world = await setup();
    const dispatcher = world.start({ pollIntervalMs: 60_000 });
    await dispatcher.start();
    await dispatcher.drain();
    world.locked = 1_000;
    await dispatcher.emit('job.done', 1);
    await world.clock.advance(60_000);
    expect(1_000 - world.locked).toBeLessThan(150);
  });

  it('keep drain waiting', async () => {
    await using world = await setup();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url, ordering: 'key' });
    await dispatcher.drain();
    world.locked = 20;
    await dispatcher.emit('job.done', 1, { orderingKey: 'job' });
    await dispatcher.drain();
    expect(world.receiver.received).toBe(1);
  });

  it('do not keep a stop waiting', async () => {
    await using world = await setup();
    const dispatcher = world.start();
    await dispatcher.start();
    world.locked = Infinity;
    const draining = dispatcher.drain();
    await dispatcher.stop({ timeoutMs: 0 });
    await draining;
  });
});

describe('a claim that is under way', () => {
  it('keeps drain waiting for the next one, which sees what became due meanwhile', async () => {
    const memory = memoryStore();
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let isLooking = false;
    let isArmed = false;
    const store = decorateStore(memory, {
      claimDue: async (params) => {
        const result = await memory.claimDue(params);
        if (!isArmed || isLooking) return result;
        isLooking = true;
        await answered;
        return result;
      },
    });
    await using world = await createWorld({ store });
    const dispatcher = world.start();
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.endpoints.pause(id);
    await dispatcher.emit('job.done', 1);
    await dispatcher.drain();
    isArmed = true;
    const other = await dispatcher.endpoints.create({ url: world.receiver.url, events: ['other'] });
    await dispatcher.endpoints.resume(other.id);
    await until(() => isLooking, 'a claim has looked');
    await dispatcher.endpoints.resume(id);
    const draining = dispatcher.drain();
    await turn();
    answer();
    await draining;
    expect(world.receiver.received).toBe(1);
  });
});

describe('what another process has claimed', () => {
  it('does not keep drain waiting', async () => {
    await using world = await createWorld();
    const { receiver } = world;
    const other = world.start();
    await other.endpoints.create({ url: receiver.url });
    const draining = world.start();
    await draining.start();
    receiver.hold();
    await other.emit('job.done', 1);
    await until(() => receiver.waiting === 1, 'the other one is sending');
    await draining.drain();
    expect(await onlyDelivery(draining)).toMatchObject({ state: 'sending', attempts: 1 });
    receiver.release();
    await other.drain();
    expect(receiver.received).toBe(1);
  });
});
