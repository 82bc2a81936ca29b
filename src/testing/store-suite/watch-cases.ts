import assert from 'node:assert/strict';
import type { Store, StoreChange } from '../../store/store.ts';
import { leaseOf, type StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const PATIENCE_MS = 5_000;

/** Watches a store and waits for a change: notifications of real stores travel through the network. */
function listen(store: Store): { heard: (change: StoreChange) => Promise<void>; stop: () => void } {
  const changes = new Set<string>();
  const waiting = new Set<() => void>();
  const stop = store.watch((change) => {
    changes.add(JSON.stringify(change));
    for (const check of [...waiting]) check();
  });
  const heard = (change: StoreChange): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(
          new Error(
            `Expected to hear ${JSON.stringify(change)}, heard ${[...changes].join(', ') || 'nothing'}`,
          ),
        );
      }, PATIENCE_MS);
      const check = (): void => {
        if (![change, vaguely(change)].some((told) => changes.delete(JSON.stringify(told)))) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { heard, stop };
}

/** How a store tells of it that does not know which one. */
function vaguely(change: StoreChange): StoreChange {
  if (change.kind === 'endpoint') return { ...change, id: undefined };
  return change.kind === 'setting' ? { ...change, key: undefined } : change;
}

/** Changes of endpoints and settings are told by all stores that others can change. */
function whenChangeable(name: string, run: (world: StoreWorld, other: Store) => Promise<void>): SuiteCase {
  return {
    name,
    whyNot({ store }) {
      const { shared, notifications } = store.capabilities;
      return shared || notifications ? undefined : 'the store is neither shared, nor does it notify';
    },
    run: async (world) => run(world, await world.second()),
  };
}

/** Work is told of by stores that say they notify. */
function whenNotifying(name: string, run: (world: StoreWorld, other: Store) => Promise<void>): SuiteCase {
  return {
    name,
    whyNot: ({ store }) => (store.capabilities.notifications ? undefined : 'the store does not notify'),
    run: async (world) => run(world, await world.second()),
  };
}

export const watchCases: readonly SuiteCase[] = [
  whenNotifying('tells of deliveries that wait', async (world, other) => {
    const { heard, stop } = listen(other);
    await world.emitOne('ep');
    await heard({ kind: 'work' });
    const { leased } = await world.claim();
    await world.store.release({ leases: leased.map(leaseOf) });
    await heard({ kind: 'work' });
    stop();
  }),
  whenNotifying('tells of deliveries that a finished one held up', async (world, other) => {
    await world.emit(['ep', 'ep'], { orderingKey: 'key' });
    const leased = await world.claimOne();
    const { heard, stop } = listen(other);
    await world.succeed(leased);
    await heard({ kind: 'work' });
    stop();
  }),
  whenNotifying('tells of deliveries that waited for the end of a lease', async (world, other) => {
    const { id } = await world.putEndpoint({ maxConcurrencyTotal: 1 });
    await world.emit([id, id]);
    const leased = await world.claimOne();
    assert.deepEqual(await world.claimIds(), []);
    const { heard, stop } = listen(other);
    await world.succeed(leased);
    await heard({ kind: 'work' });
    stop();
  }),
  whenNotifying('tells of retries, reschedules and opened lanes', async (world, other) => {
    await world.emitOne('ep');
    const leased = await world.claimOne();
    const { heard, stop } = listen(other);
    await world.retryIn(leased, 60_000);
    await heard({ kind: 'work' });
    await world.store.reschedule({ where: {}, to: 'scheduled', limit: 1 });
    await heard({ kind: 'work' });
    await world.store.putLane({ laneId: 'ep', paused: true });
    await world.store.putLane({ laneId: 'ep', paused: false });
    await heard({ kind: 'work' });
    stop();
  }),
  whenNotifying('tells of messages that wait for matching', async (world, other) => {
    const { heard, stop } = listen(other);
    await world.append([{ ...world.entry([]), fannedOut: false }]);
    await heard({ kind: 'fan_out' });
    const { claims } = await world.store.claimFanOut({ limit: 1, leaseMs: 60_000, lease: 'token' });
    const deliveries = [world.delivery('ep')];
    const [claimed] = claims;
    await world.store.completeFanOut({
      results: [{ messageId: claimed!.message.id, lease: claimed!.lease, deliveries }],
    });
    await heard({ kind: 'work' });
    stop();
  }),
  whenChangeable(
    'has told of an endpoint and a setting before it hands out a message that came after them',
    async (world, other) => {
      const told = new Set<string | undefined>();
      const settings = new Set<string | undefined>();
      const stop = other.watch((change) => {
        if (change.kind === 'endpoint') told.add(change.id);
        if (change.kind === 'setting') settings.add(change.key);
      });
      for (let round = 0; round < 5; round += 1) {
        const { id } = await world.putEndpoint();
        await world.store.settings.put({ key: 'switch', value: `round ${round}` });
        await world.append([{ ...world.entry([]), fannedOut: false }]);
        const lease = `turn ${round}`;
        const { claims } = await other.claimFanOut({ limit: 1, leaseMs: 60_000, lease });
        assert.equal(claims.length, 1);
        assert.ok(told.has(id) || told.has(undefined), 'it would be matched without the endpoint');
        assert.ok(settings.has('switch') || settings.has(undefined), 'the switch of before would count');
        await other.completeFanOut({
          results: [{ messageId: claims[0]!.message.id, lease: claims[0]!.lease, deliveries: [] }],
          turn: lease,
        });
        told.clear();
        settings.clear();
      }
      stop();
    },
  ),
  whenChangeable('tells of endpoints that were written, paused and removed', async (world, other) => {
    const { heard, stop } = listen(other);
    const { id } = await world.putEndpoint();
    await heard({ kind: 'endpoint', id });
    await world.store.putLane({ laneId: id, paused: true });
    await heard({ kind: 'endpoint', id });
    await world.store.endpoints.remove({ id });
    await heard({ kind: 'endpoint', id });
    stop();
  }),
  whenChangeable('tells of settings that were written and removed', async (world, other) => {
    const { heard, stop } = listen(other);
    await world.store.settings.put({ key: 'switch', value: 'off' });
    await heard({ kind: 'setting', key: 'switch' });
    await world.store.settings.put({ key: 'switch', value: undefined });
    await heard({ kind: 'setting', key: 'switch' });
    stop();
  }),
  whenNotifying('is not disturbed by a listener that throws', async (world, other) => {
    const stopFaulty = other.watch(() => {
      throw new Error('a listener failed');
    });
    const { heard, stop } = listen(other);
    await world.emitOne('ep');
    await heard({ kind: 'work' });
    stopFaulty();
    stop();
  }),
  whenNotifying('tells nothing to a listener that has left', async (world, other) => {
    const left: StoreChange[] = [];
    const leave = other.watch((change) => left.push(change));
    const { heard, stop } = listen(other);
    leave();
    await world.emitOne('ep');
    await heard({ kind: 'work' });
    assert.deepEqual(left, []);
    stop();
  }),
];
