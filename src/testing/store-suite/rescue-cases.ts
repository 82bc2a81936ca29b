import assert from 'node:assert/strict';
import type { LeasedDelivery } from '../../store/store.ts';
import type { StoreWorld } from './store-world.ts';
import { LEASE_MS, leaseOf } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

/** A delivery whose lease ran out and was rescued; it waits now. */
async function rescueOne(world: StoreWorld): Promise<LeasedDelivery> {
  await world.emitOne('ep');
  const leased = await world.claimOne();
  await world.advance(LEASE_MS + 1_000);
  const { rescued } = await world.claim({ limit: 0 });
  assert.deepEqual(
    rescued.map(({ id }) => id),
    [leased.id],
  );
  return leased;
}

export const rescueCases: readonly SuiteCase[] = [
  {
    name: 'rescues expired leases and leases them again in the same call',
    async run(world) {
      const id = await world.emitOne('ep');
      const lost = await world.claimOne();
      await world.advance(LEASE_MS - 10_000);
      assert.deepEqual((await world.claim()).rescued, []);
      await world.advance(11_000);
      const { rescued, leased } = await world.claim();
      assert.deepEqual(
        rescued.map((one) => [one.id, one.state, one.attempts, one.rescues]),
        [[id, 'scheduled', 0, 1]],
      );
      assert.deepEqual(
        leased.map((one) => [one.id, one.attempts, one.rescues]),
        [[id, 1, 1]],
      );
      assert.notEqual(leased[0]?.lease, lost.lease);
    },
  },
  {
    name: 'logs a rescued attempt as interrupted',
    async run(world) {
      const lost = await rescueOne(world);
      const attempts = await world.attempts(lost.id);
      assert.deepEqual(
        attempts.map(({ outcome, attempt, reason }) => [outcome, attempt, reason]),
        [['interrupted', 1, undefined]],
      );
      assert.ok(attempts[0]!.durationMs >= LEASE_MS);
      assert.equal((await world.read(lost.id)).firstAttemptAt, lost.firstAttemptAt);
    },
  },
  {
    name: 'rescues a last attempt like any other',
    async run(world) {
      const id = await world.emitOne('ep');
      for (let attempt = 1; attempt < 8; attempt += 1) await world.retryIn(await world.claimOne(), 0);
      assert.equal((await world.claimOne()).attempts, 8);
      await world.advance(LEASE_MS + 1_000);
      const again = await world.claimOne();
      assert.deepEqual([again.id, again.attempts], [id, 8]);
      await world.exhaust(again);
      assert.equal((await world.read(id)).state, 'exhausted');
    },
  },
  {
    name: 'gives up a delivery that was rescued too often',
    async run(world) {
      const id = await world.emitOne('ep');
      await world.claimOne({ maxRescues: 2 });
      for (let rescue = 1; rescue <= 2; rescue += 1) {
        await world.advance(LEASE_MS + 1_000);
        assert.equal((await world.claimOne({ maxRescues: 2 })).rescues, rescue);
      }
      await world.advance(LEASE_MS + 1_000);
      const { leased, rescued, nextDueMs } = await world.claim({ maxRescues: 2 });
      assert.deepEqual(leased, []);
      assert.equal(nextDueMs, undefined);
      const [given] = rescued;
      assert.deepEqual(
        [given?.id, given?.state, given?.reason, given?.attempts],
        [id, 'failed', 'crash_loop', 0],
      );
      assert.notEqual((await world.read(id)).finishedAt, undefined);
      assert.equal((await world.attempts(id)).length, 3);
      assert.equal((await world.store.getLane({ laneId: 'ep' })).failed, 1);
    },
  },
  {
    name: 'refuses the outcome of a lease that was rescued',
    async run(world) {
      const lost = await rescueOne(world);
      const before = await world.read(lost.id);
      assert.deepEqual(await world.settle(lost, { kind: 'succeeded' }), { kind: 'lost' });
      assert.deepEqual(await world.read(lost.id), before);
      assert.equal((await world.attempts(lost.id)).length, 1);
      const { succeeded, lastTriggeredAt } = await world.store.getLane({ laneId: 'ep' });
      assert.deepEqual([succeeded, lastTriggeredAt], [0, undefined]);
    },
  },
  {
    name: 'refuses the outcome of a lease that went to another',
    async run(world) {
      await world.emitOne('ep');
      const lost = await world.claimOne();
      await world.advance(LEASE_MS + 1_000);
      const other = await world.second();
      const [mine] = (await world.claim({}, other)).leased;
      assert.deepEqual(await world.exhaust(lost), { kind: 'lost' });
      assert.equal((await world.read(lost.id)).state, 'sending');
      const settlements = [world.settlement(mine!, { kind: 'succeeded' })];
      assert.equal((await other.settle({ settlements }))[0]?.kind, 'settled');
      assert.deepEqual(await world.retryIn(lost, 0), { kind: 'lost' });
      assert.equal((await world.read(lost.id)).state, 'succeeded');
    },
  },
  {
    name: 'neither renews nor releases a lease that was rescued',
    async run(world) {
      const lost = await rescueOne(world);
      const leases = [leaseOf(lost)];
      assert.deepEqual(await world.store.renew({ leases, leaseMs: LEASE_MS }), leases);
      const mine = await world.claimOne();
      assert.deepEqual(await world.store.release({ leases }), [{ kind: 'lost' }]);
      assert.equal((await world.read(mine.id)).state, 'sending');
      await world.succeed(mine);
    },
  },
  {
    name: 'takes a late outcome as long as nobody rescued the lease',
    async run(world) {
      await world.emitOne('ep');
      const leased = await world.claimOne();
      await world.advance(LEASE_MS + 30_000);
      await world.succeed(leased);
      assert.deepEqual((await world.claim()).rescued, []);
    },
  },
  {
    name: 'rescues by the end of the lease, not by its beginning',
    async run(world) {
      const [long, short] = await world.emit(['ep_long', 'ep_short']);
      await world.claim({ leaseMs: 10 * LEASE_MS, freeSlots: new Map([['ep_short', 0]]) });
      await world.claim();
      await world.advance(LEASE_MS + 1_000);
      const rescued = async (): Promise<string[]> =>
        (await world.claim({ limit: 0 })).rescued.map(({ id }) => id);
      assert.deepEqual(await rescued(), [short]);
      await world.advance(9 * LEASE_MS);
      assert.deepEqual(await rescued(), [long]);
    },
  },
  {
    name: 'rescues in paused lanes too',
    async run(world) {
      await world.emitOne('ep');
      await world.claimOne();
      await world.store.putLane({ laneId: 'ep', paused: true });
      await world.advance(LEASE_MS + 1_000);
      const { rescued, leased } = await world.claim();
      assert.deepEqual([rescued.length, leased.length], [1, 0]);
    },
  },
  {
    name: 'discards a rescued delivery that was cancelled',
    async run(world) {
      const id = await world.emitOne('ep');
      await world.claimOne();
      await world.store.reschedule({
        where: { deliveryIds: [id] },
        to: 'discarded',
        reason: 'cancelled',
        limit: 1,
      });
      await world.advance(LEASE_MS + 1_000);
      const { rescued, leased } = await world.claim();
      assert.deepEqual(leased, []);
      assert.deepEqual(
        rescued.map(({ state, reason }) => [state, reason]),
        [['discarded', 'cancelled']],
      );
    },
  },
];
