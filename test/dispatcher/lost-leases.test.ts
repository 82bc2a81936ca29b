/** A process that is cut off from its store, or stands still, for longer than its leases last: others take over what it holds. */
import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { Store } from '../../src/store/store.ts';
import { createWorld, decorateStore, recordEvents, until, type World } from '../support/world.ts';

const LEASE_MS = 3_000;
const OPTIONS = { leaseMs: LEASE_MS } as const;

interface Gate {
  isClosed: boolean;
}

/** A dispatcher of which the store hears nothing about leases while the gate is closed. */
function startCutOff(world: World, gate: Gate): WebhookDispatcher {
  const refuseIfClosed =
    <Params, Result>(call: (params: Params) => Promise<Result>) =>
    (params: Params): Promise<Result> =>
      gate.isClosed ? Promise.reject(new Error('connection lost')) : call(params);
  const { store } = world;
  const overrides: Partial<Store> = {
    renew: refuseIfClosed((params) => store.renew(params)),
    settle: refuseIfClosed((params) => store.settle(params)),
    claimDue: refuseIfClosed((params) => store.claimDue(params)),
  };
  return world.start({ ...OPTIONS, store: decorateStore(store, overrides) });
}

function keysOf({ receiver }: World): readonly unknown[] {
  return receiver.requests.map(({ text }) => (JSON.parse(text) as { data: unknown }).data);
}

/** One delivery in flight, and one that waits for its slot, each of another ordering key. */
async function setup(world: World): Promise<{ first: WebhookDispatcher; gate: Gate; errors: unknown[] }> {
  const gate = { isClosed: false };
  const first = startCutOff(world, gate);
  const errors = recordEvents(first, 'error');
  await first.endpoints.create({ url: world.receiver.url, concurrency: 1, ordering: 'key' });
  world.receiver.hold();
  await first.emit('job.done', 'a1', { orderingKey: 'a' });
  await world.receiver.waitFor(1);
  await first.emit('job.done', 'b1', { orderingKey: 'b' });
  await until(async () => (await first.health()).queued === 1, 'the other one waits');
  return { first, gate, errors };
}

describe('a process whose leases may have run out', () => {
  it('begins nothing that others may have, and keeps their order', async () => {
    await using world = await createWorld();
    const { first, gate, errors } = await setup(world);
    gate.isClosed = true;
    await world.clock.advance(LEASE_MS + 1);
    expect(errors.length).toBeGreaterThan(0);
    const second = world.start(OPTIONS);
    await second.emit('job.done', 'b2', { orderingKey: 'b' });
    world.receiver.release();
    await until(() => keysOf(world).includes('b2'), 'the other process has sent everything');
    gate.isClosed = false;
    await world.clock.advance(10 * LEASE_MS);
    await until(async () => (await first.health()).queued === 0, 'what others took is given up');
    await world.advance(10 * LEASE_MS);
    expect(keysOf(world).toSorted()).toEqual(['a1', 'a1', 'b1', 'b2']);
    expect(keysOf(world).indexOf('b1')).toBeLessThan(keysOf(world).indexOf('b2'));
  });

  it('goes on with what nobody has taken, as soon as the store has said so', async () => {
    await using world = await createWorld();
    const { first, gate } = await setup(world);
    gate.isClosed = true;
    await world.clock.advance(LEASE_MS + 1);
    world.receiver.release();
    await world.clock.advance(10 * LEASE_MS);
    expect(keysOf(world)).toEqual(['a1']);
    gate.isClosed = false;
    await world.clock.advance(10 * LEASE_MS);
    await world.receiver.waitFor(2);
    await world.advance(10 * LEASE_MS);
    expect(keysOf(world)).toEqual(['a1', 'b1']);
    const { items } = await first.deliveries.list({});
    expect(items.map(({ state, rescues }) => [state, rescues])).toEqual([
      ['succeeded', 0],
      ['succeeded', 0],
    ]);
  });
});
