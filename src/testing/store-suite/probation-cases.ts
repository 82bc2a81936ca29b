import assert from 'node:assert/strict';
import { assertAbout, LEASE_MS, leaseOf, type StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const laneId = 'ep';

/** A lane whose breaker has opened, with this many deliveries waiting; its block is over. */
async function openBreaker(world: StoreWorld, deliveries: number): Promise<string[]> {
  await world.store.putLane({ laneId, blockForMs: 60_000, blockedReason: 'breaker', trips: 1 });
  const ids = await world.emit(Array.from({ length: deliveries }, () => laneId));
  assert.deepEqual(await world.claimIds(), []);
  await world.advance(60_000);
  return ids;
}

export const probationCases: readonly SuiteCase[] = [
  {
    name: 'leases one delivery of a lane on probation, as a probe, and blocks the lane for the time of its lease',
    async run(world) {
      const [first] = await openBreaker(world, 20);
      const probe = await world.claimOne();
      assert.deepEqual([probe.id, probe.probe], [first, true]);
      const { blockedUntil, blockedReason, trips } = await world.store.getLane({ laneId });
      assertAbout(blockedUntil! - (await world.store.now()), LEASE_MS);
      assert.deepEqual([blockedReason, trips], ['breaker', 1]);
      const second = await world.claim({}, await world.second());
      assert.deepEqual(second.leased, []);
      assertAbout(second.nextDueMs, LEASE_MS);
    },
  },
  {
    name: 'leases the next probe when the block is over, also when the one before was given up',
    async run(world) {
      await openBreaker(world, 3);
      const first = await world.claimOne();
      await world.advance(LEASE_MS);
      const { leased, rescued } = await world.claim();
      assert.deepEqual(
        rescued.map(({ id }) => id),
        [first.id],
      );
      assert.deepEqual(
        leased.map(({ probe }) => probe),
        [true],
      );
      await world.store.release({ leases: leased.map(leaseOf) });
      assert.deepEqual(await world.claimIds(), []);
      await world.store.putLane({ laneId, blockForMs: 0 });
      assert.equal((await world.claimOne()).probe, true);
    },
  },
  {
    name: 'gives everything when the breaker is closed',
    async run(world) {
      await openBreaker(world, 20);
      await world.succeed(await world.claimOne());
      await (await world.second()).putLane({ laneId, blockForMs: 0, trips: 0 });
      const { trips, blockedUntil } = await world.store.getLane({ laneId });
      assert.deepEqual([trips, blockedUntil], [0, undefined]);
      const { leased } = await world.claim();
      assert.equal(leased.length, 19);
      assert.ok(leased.every(({ probe }) => !probe));
    },
  },
  {
    name: 'leases no new message of a lane on probation, test messages aside, which are no probes',
    async run(world) {
      await openBreaker(world, 0);
      const lease = 'token';
      const fresh = world.entry([world.delivery(laneId, { lease })]);
      const test = world.entry([world.delivery(laneId, { lease })], { test: true });
      const results = await world.append([fresh, test]);
      assert.deepEqual(
        results.map((result) => result.kind === 'stored' && result.leased.map(({ probe }) => probe)),
        [[], [false]],
      );
      assert.equal((await world.claimOne()).probe, true);
    },
  },
  {
    name: 'leases a test message that waits as no probe, and blocks nothing for it',
    async run(world) {
      await openBreaker(world, 0);
      await world.append([world.entry([world.delivery(laneId)], { test: true })]);
      assert.equal((await world.claimOne()).probe, false);
      assert.equal((await world.store.getLane({ laneId })).blockedUntil, undefined);
      await world.emit([laneId]);
      assert.equal((await world.claimOne()).probe, true);
    },
  },
  {
    name: 'replaces a block of the breaker by a shorter one, and no other',
    async run(world) {
      const blockedFor = async (): Promise<number> =>
        (await world.store.getLane({ laneId })).blockedUntil! - (await world.store.now());
      await openBreaker(world, 1);
      await world.claimOne();
      await world.store.putLane({ laneId, blockForMs: 20_000, blockedReason: 'breaker', trips: 2 });
      assertAbout(await blockedFor(), 20_000);
      await world.store.putLane({ laneId, blockForMs: 120_000, blockedReason: 'retry_after' });
      await world.store.putLane({ laneId, blockForMs: 20_000, blockedReason: 'breaker' });
      assertAbout(await blockedFor(), 120_000);
    },
  },
  {
    name: 'prolongs a block of the breaker that is in force, and no other',
    async run(world) {
      const prolong = async (forMs: number): Promise<number | undefined> => {
        await world.store.putLane({ laneId, blockForMs: forMs, blockedReason: 'breaker', prolong: true });
        const { blockedUntil } = await world.store.getLane({ laneId });
        return blockedUntil === undefined ? undefined : blockedUntil - (await world.store.now());
      };
      assert.equal(await prolong(60_000), undefined);
      await openBreaker(world, 1);
      assert.equal(await prolong(60_000), undefined);
      await world.claimOne();
      assertAbout(await prolong(2 * LEASE_MS), 2 * LEASE_MS);
      assertAbout(await prolong(LEASE_MS), 2 * LEASE_MS);
      await world.store.putLane({ laneId, blockForMs: 0, trips: 0 });
      assert.equal(await prolong(60_000), undefined);
      await world.store.putLane({ laneId, blockForMs: 120_000, blockedReason: 'retry_after' });
      assertAbout(await prolong(600_000), 120_000);
      assert.equal((await world.store.getLane({ laneId })).blockedReason, 'retry_after');
    },
  },
  {
    name: 'keeps a block that ends later, and lets other lanes go on',
    async run(world) {
      await world.store.putLane({ laneId, blockForMs: 120_000, blockedReason: 'retry_after' });
      await world.store.putLane({ laneId, blockForMs: 60_000, blockedReason: 'breaker', trips: 3 });
      await world.emit([laneId, 'ep_free', laneId, 'ep_free']);
      const { leased } = await world.claim();
      assert.deepEqual(
        leased.map(({ endpointId, probe }) => [endpointId, probe]),
        [
          ['ep_free', false],
          ['ep_free', false],
        ],
      );
      const { trips, blockedReason } = await world.store.getLane({ laneId });
      assert.deepEqual([trips, blockedReason], [3, 'retry_after']);
    },
  },
  {
    name: 'is over when the endpoint is removed',
    async run(world) {
      const { id } = await world.putEndpoint({ id: laneId });
      await openBreaker(world, 2);
      await world.store.endpoints.remove({ id });
      assert.equal((await world.store.getLane({ laneId })).trips, 0);
      assert.equal((await world.claim()).leased.length, 2);
    },
  },
];
