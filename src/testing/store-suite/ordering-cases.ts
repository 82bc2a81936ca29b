import assert from 'node:assert/strict';
import type { StoreWorld } from './store-world.ts';
import { LEASE_MS, leaseOf } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

/** Deliveries of one key to one endpoint, in order. */
function emitKey(
  world: StoreWorld,
  count: number,
  orderingKey = 'key',
  endpointId = 'ep',
): Promise<string[]> {
  return world.emit(
    Array.from({ length: count }, () => endpointId),
    { orderingKey },
  );
}

export const orderingCases: readonly SuiteCase[] = [
  {
    name: 'leases one delivery of a key at a time, in order',
    async run(world) {
      const emitted = await emitKey(world, 5);
      for (const id of emitted) {
        const leased = await world.claimOne();
        assert.deepEqual([leased.id, leased.ordered], [id, true]);
        assert.deepEqual(await world.claimIds(), []);
        await world.succeed(leased);
      }
      assert.equal((await world.claim()).nextDueMs, undefined);
    },
  },
  {
    name: 'keeps keys, endpoints and deliveries without a key apart',
    async run(world) {
      const firsts = [
        (await emitKey(world, 2, 'a'))[0],
        (await emitKey(world, 2, 'b'))[0],
        (await emitKey(world, 2, 'a', 'ep_2'))[0],
        ...(await world.emit(['ep', 'ep'])),
      ];
      assert.deepEqual((await world.claimIds()).sort(), firsts.sort());
    },
  },
  {
    name: 'holds a key back while its first delivery waits for a retry',
    async run(world) {
      const [first, second] = await emitKey(world, 2);
      await world.retryIn(await world.claimOne(), 60_000);
      assert.deepEqual(await world.claimIds(), []);
      await world.advance(61_000);
      const again = await world.claimOne();
      assert.equal(again.id, first);
      await world.exhaust(again);
      assert.equal((await world.claimOne()).id, second);
    },
  },
  {
    name: 'keeps the order when a lease is released',
    async run(world) {
      const [first, second] = await emitKey(world, 2);
      const leased = await world.claimOne();
      await world.store.release({ leases: [leaseOf(leased)] });
      const again = await world.claimOne();
      assert.equal(again.id, first);
      await world.succeed(again);
      assert.equal((await world.claimOne()).id, second);
    },
  },
  {
    name: 'keeps the order when a lease is rescued',
    async run(world) {
      const [first, second] = await emitKey(world, 2);
      await world.claimOne();
      await world.advance(LEASE_MS + 1_000);
      const again = await world.claimOne();
      assert.equal(again.id, first);
      await world.succeed(again);
      assert.equal((await world.claimOne()).id, second);
    },
  },
  {
    name: 'goes on when the first delivery of a key is discarded',
    async run(world) {
      const [first, second, third] = await emitKey(world, 3);
      const discard = (id: string | undefined): Promise<unknown> =>
        world.store.reschedule({
          where: { deliveryIds: [id!] },
          to: 'discarded',
          reason: 'cancelled',
          limit: 1,
        });
      await discard(second);
      const leased = await world.claimOne();
      assert.equal(leased.id, first);
      await discard(first);
      assert.deepEqual(await world.claimIds(), []);
      await world.retryIn(leased, 0);
      assert.equal((await world.claimOne()).id, third);
    },
  },
  {
    name: 'puts a finished delivery that is retried before its successors',
    async run(world) {
      const [first, second, third] = await emitKey(world, 3);
      const retry = (id: string | undefined): Promise<unknown> =>
        world.store.reschedule({ where: { deliveryIds: [id!] }, to: 'scheduled', limit: 1 });
      await world.exhaust(await world.claimOne());
      await retry(first);
      const again = await world.claimOne();
      assert.equal(again.id, first);
      await world.exhaust(again);
      const leased = await world.claimOne();
      assert.equal(leased.id, second);
      await retry(first);
      assert.deepEqual(await world.claimIds(), [], 'nothing while another one of the key is leased');
      await world.succeed(leased);
      const last = await world.claimOne();
      assert.equal(last.id, first);
      await world.succeed(last);
      assert.equal((await world.claimOne()).id, third);
    },
  },
  {
    name: 'never has two deliveries of a key leased, whatever two handles do',
    async run(world) {
      const stores = [world.store, await world.second()];
      const emitted = await emitKey(world, 12);
      const done: string[] = [];
      for (let round = 0; done.length < emitted.length; round += 1) {
        assert.ok(round < 100, `all are claimed in the end, got ${done.length} of ${emitted.length}`);
        const results = await Promise.all(stores.map((store) => world.claim({}, store)));
        const leased = results.flatMap((result) => result.leased);
        // None, when each of two transactions left the row to the other.
        assert.ok(leased.length <= 1);
        done.push(...leased.map(({ id }) => id));
        await world.succeed(...leased);
      }
      assert.deepEqual(done, emitted);
    },
  },
];
