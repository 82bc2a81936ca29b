import assert from 'node:assert/strict';
import type { LeasedDelivery } from '../../store/store.ts';
import { assertAbout, LEASE_MS, leaseOf } from './store-world.ts';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const MOST = 3;

/** An endpoint of which three deliveries may be leased, with work for a while. */
async function createLimited(world: StoreWorld, deliveries: number): Promise<string> {
  const { id } = await world.putEndpoint({ maxConcurrencyTotal: MOST });
  await world.emit(Array.from({ length: deliveries }, () => id));
  return id;
}

/** The same, and all that may be leased is. */
async function fill(world: StoreWorld, deliveries: number): Promise<[id: string, leased: LeasedDelivery[]]> {
  const id = await createLimited(world, deliveries);
  const leased = [...(await world.claim()).leased];
  assert.equal(leased.length, MOST);
  return [id, leased];
}

/** Claims as often as a process would that is told to ask again in a moment. */
async function claimUntilQuiet(world: StoreWorld): Promise<LeasedDelivery[]> {
  const stores = [world.store, await world.second()];
  const leased: LeasedDelivery[] = [];
  for (let quiet = 0; quiet < 2;) {
    const results = await Promise.all(
      [...stores, ...stores].map((store) => world.claim({ limit: 2 }, store)),
    );
    const found = results.flatMap((result) => result.leased);
    leased.push(...found);
    const isQuiet = found.length === 0 && results.every(({ nextOpenMs }) => nextOpenMs !== 0);
    quiet = isQuiet ? quiet + 1 : 0;
  }
  return leased;
}

export const leaseLimitCases: readonly SuiteCase[] = [
  {
    name: 'leases at most as many as the lane may have, however many claim at once',
    async run(world) {
      const id = await createLimited(world, 20);
      const first = await claimUntilQuiet(world);
      assert.equal(first.length, MOST);
      assert.ok(first.every(({ counted, laneId }) => counted && laneId === id));
      let left = 20 - MOST;
      let leased = first;
      while (left > 0) {
        await world.succeed(...leased);
        leased = await claimUntilQuiet(world);
        assert.equal(leased.length, Math.min(MOST, left));
        left -= leased.length;
      }
    },
  },
  {
    name: 'leases one more for each lease that ends, however it ends',
    async run(world) {
      const [, leased] = await fill(world, 20);
      const [one, two, three] = leased as [LeasedDelivery, LeasedDelivery, LeasedDelivery];
      const next = async (expected: number): Promise<readonly LeasedDelivery[]> => {
        const claimed = (await world.claim()).leased;
        assert.equal(claimed.length, expected);
        return claimed;
      };
      await world.succeed(one);
      await world.exhaust(two);
      const [four, five] = await next(2);
      await world.retryIn(three, LEASE_MS / 2);
      const [six] = await next(1);
      await world.store.release({ leases: [leaseOf(four!)] });
      // By a clock that goes on, others have been due for longer.
      assert.equal((await world.read(four!.id)).attempts, 0);
      await next(1);
      await world.store.reschedule({
        where: { deliveryIds: [five!.id] },
        to: 'discarded',
        reason: 'cancelled',
        limit: 1,
      });
      await next(0);
      await world.retryIn(five!, 0);
      assert.equal((await world.read(five!.id)).state, 'discarded');
      await next(1);
      await world.succeed(six!);
      await next(1);
      await next(0);
    },
  },
  {
    name: 'lets every handle lease when a lease ends, whoever ended it',
    async run(world) {
      const [, leased] = await fill(world, 10);
      const other = await world.second();
      assert.deepEqual((await world.claim({}, other)).leased, []);
      await world.succeed(leased[0]!);
      const [theirs] = (await world.claim({}, other)).leased;
      assert.deepEqual(await world.claimIds(), []);
      await other.settle({ settlements: [world.settlement(theirs!, { kind: 'succeeded' })] });
      assert.equal((await world.claimIds()).length, 1);
    },
  },
  {
    name: 'says when a lease of a full lane expires, and nothing earlier',
    async run(world) {
      const [id] = await fill(world, 10);
      for (let round = 0; round < 2; round += 1) {
        const { leased, nextDueMs, nextOpenMs } = await world.claim();
        assert.deepEqual(leased, []);
        assertAbout(nextDueMs, LEASE_MS);
        assertAbout(nextOpenMs, LEASE_MS);
        await world.emitOne(id);
      }
    },
  },
  {
    name: 'leases anew what was not settled in time, and no more than that',
    async run(world) {
      const [, lost] = await fill(world, 10);
      await world.advance(LEASE_MS + 1_000);
      const { rescued, leased } = await world.claim();
      assert.deepEqual(rescued.map(({ id }) => id).sort(), lost.map(({ id }) => id).sort());
      assert.equal(leased.length, MOST);
      assert.deepEqual(await world.claimIds(), []);
      const settlements = lost.map((one) => world.settlement(one, { kind: 'succeeded' }));
      for (const { kind } of await world.store.settle({ settlements })) assert.equal(kind, 'lost');
      assert.deepEqual(await world.claimIds(), []);
    },
  },
  {
    name: 'leases others for those that were rescued too often',
    async run(world) {
      const [, lost] = await fill(world, 10);
      await world.advance(LEASE_MS + 1_000);
      const { rescued, leased } = await world.claim({ maxRescues: 0 });
      assert.deepEqual(
        rescued.map(({ state }) => state),
        ['failed', 'failed', 'failed'],
      );
      assert.equal(leased.length, MOST);
      assert.ok(leased.every(({ id }) => lost.every((one) => one.id !== id)));
    },
  },
  {
    name: 'leaves the first delivery to a claim when its lane may not have any number of leases',
    async run(world) {
      const id = await createLimited(world, 0);
      const entries = Array.from({ length: 5 }, () => world.entry([world.delivery(id, { lease: 'token' })]));
      for (const result of await world.append(entries))
        assert.deepEqual(result, { kind: 'stored', leased: [] });
      assert.equal((await world.claimIds()).length, MOST);
    },
  },
  {
    name: 'follows a changed number of leases',
    async run(world) {
      const [id, leased] = await fill(world, 30);
      let revision = 1;
      const put = async (maxConcurrencyTotal: number | false): Promise<void> => {
        const record = world.endpoint({ id, maxConcurrencyTotal });
        const result = await world.store.endpoints.put({ record, expectedRevision: revision });
        assert.equal(result.kind, 'stored');
        revision += 1;
      };
      await put(MOST + 2);
      leased.push(...(await world.claim()).leased);
      assert.equal(leased.length, MOST + 2);
      await put(1);
      for (const one of leased.splice(0, MOST + 1)) {
        await world.succeed(one);
        assert.deepEqual(await world.claimIds(), []);
      }
      await world.succeed(leased[0]!);
      const next = await world.claimOne();
      await put(false);
      const rest = (await world.claim()).leased;
      assert.equal(rest.length, 30 - MOST - 3);
      assert.ok(next.counted && rest.every(({ counted }) => !counted));
    },
  },
  {
    name: 'counts what was leased before there was a limit',
    async run(world) {
      const { id } = await world.putEndpoint();
      await world.emit(Array.from({ length: 10 }, () => id));
      const { leased } = await world.claim({ limit: 4 });
      const record = world.endpoint({ id, maxConcurrencyTotal: MOST });
      await world.store.endpoints.put({ record, expectedRevision: 1 });
      assert.deepEqual(await world.claimIds(), []);
      await world.succeed(leased[0]!);
      assert.deepEqual(await world.claimIds(), []);
      await world.succeed(leased[1]!);
      assert.equal((await world.claimIds()).length, 1);
      await world.succeed(leased[2]!, leased[3]!);
      assert.equal((await world.claimIds()).length, 2);
    },
  },
  {
    name: 'counts no leases of test messages',
    async run(world) {
      const [id, leased] = await fill(world, 10);
      const test = world.entry([world.delivery(id, { lease: 'token' })], { test: true });
      const [stored] = await world.append([test]);
      assert.ok(stored?.kind === 'stored' && stored.leased.length === 1);
      assert.equal(stored.leased[0]!.counted, false);
      await world.succeed(leased[0]!);
      assert.equal((await world.claimIds()).length, 1);
      await world.succeed(stored.leased[0]!);
      assert.deepEqual(await world.claimIds(), []);
    },
  },
  {
    name: 'leaves other lanes alone while one is full',
    async run(world) {
      await fill(world, 20);
      await world.emit(Array.from({ length: 10 }, () => 'ep_free'));
      const { leased } = await world.claim();
      assert.equal(leased.length, 10);
      assert.ok(leased.every(({ endpointId, counted }) => endpointId === 'ep_free' && !counted));
    },
  },
  {
    name: 'lets ordering keys go on in a lane that was full',
    async run(world) {
      const { id } = await world.putEndpoint({ maxConcurrencyTotal: 2 });
      const keys = ['a', 'b', 'c'];
      for (const orderingKey of [...keys, ...keys]) await world.emitOne(id, { orderingKey });
      const order: (string | undefined)[] = [];
      for (let held = (await world.claim()).leased; held.length > 0;) {
        assert.ok(held.length <= 2);
        order.push(...held.map(({ id: delivery }) => delivery));
        await world.succeed(...held);
        held = (await world.claim()).leased;
      }
      assert.equal(new Set(order).size, 6);
    },
  },
  {
    name: 'wakes a lane that was full, paused and empty',
    async run(world) {
      const [id, leased] = await fill(world, MOST);
      await world.store.putLane({ laneId: id, paused: true });
      const waiting = await world.emitOne(id);
      await world.store.putLane({ laneId: id, paused: false });
      assert.deepEqual(await world.claimIds(), []);
      await world.store.putLane({ laneId: id, paused: true });
      await world.succeed(leased[0]!);
      assert.deepEqual(await world.claimIds(), []);
      await world.store.putLane({ laneId: id, paused: false });
      assert.deepEqual(await world.claimIds(), [waiting]);
    },
  },
  {
    name: 'wakes a lane that was full until all of it ended during a pause',
    async run(world) {
      const [id, leased] = await fill(world, MOST + 1);
      assert.deepEqual(await world.claimIds(), []);
      await world.store.putLane({ laneId: id, paused: true });
      await world.succeed(...leased);
      const where = { endpointId: id };
      await world.store.reschedule({ where, to: 'discarded', reason: 'cancelled', limit: 10 });
      await world.store.putLane({ laneId: id, paused: false });
      const next = await world.emitOne(id);
      assert.deepEqual(await world.claimIds(), [next]);
    },
  },
  {
    name: 'keeps a lane that was full blocked for as long as it is',
    async run(world) {
      const [id, leased] = await fill(world, 10);
      await world.store.putLane({ laneId: id, blockForMs: LEASE_MS / 2, blockedReason: 'retry_after' });
      await world.succeed(...leased);
      const { leased: none, nextDueMs } = await world.claim();
      assert.deepEqual(none, []);
      assertAbout(nextDueMs, LEASE_MS / 2);
      await world.advance(LEASE_MS / 2);
      assert.equal((await world.claimIds()).length, MOST);
    },
  },
  {
    name: 'keeps the rate of a lane whose leases are limited',
    async run(world) {
      const rateLimit = { limit: 4, intervalMs: 600_000 };
      const { id } = await world.putEndpoint({ maxConcurrencyTotal: MOST, rateLimit });
      await world.emit(Array.from({ length: 10 }, () => id));
      const { leased } = await world.claim();
      assert.equal(leased.length, MOST);
      await world.succeed(...leased);
      assert.equal((await world.claimIds()).length, 1);
      const { leased: none, nextDueMs } = await world.claim({ leaseMs: 10 * 600_000 });
      assert.deepEqual(none, []);
      assert.ok(nextDueMs !== undefined && nextDueMs > 0);
    },
  },
];
