import assert from 'node:assert/strict';
import { assertAbout, leaseOf } from './store-world.ts';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const INTERVAL_MS = 600_000;
const LIMIT = 4;

/** An endpoint that takes four deliveries in ten minutes, with work for a while. */
async function createLimited(world: StoreWorld, deliveries: number): Promise<string> {
  const { id } = await world.putEndpoint({ rateLimit: { limit: LIMIT, intervalMs: INTERVAL_MS } });
  await world.emit(Array.from({ length: deliveries }, () => id));
  return id;
}

export const rateCases: readonly SuiteCase[] = [
  {
    name: 'leases at most the limit within an interval',
    async run(world) {
      await createLimited(world, 60);
      const leasedAt: number[] = [];
      for (let now = 0; now <= 4 * INTERVAL_MS; now += INTERVAL_MS / 5) {
        for (let claim = 0; claim < 2; claim += 1) {
          const { leased } = await world.claim({ limit: 1 });
          await world.succeed(...leased);
          if (leased.length === 1) leasedAt.push(now);
        }
        await world.advance(INTERVAL_MS / 5);
      }
      for (const from of leasedAt) {
        const within = leasedAt.filter((at) => at >= from && at < from + INTERVAL_MS).length;
        // One batch may come on top; the batches here are of one.
        assert.ok(within <= LIMIT + 1, `got ${within} within one interval`);
      }
      assert.ok(leasedAt.length >= 3 * LIMIT, `the limit is made use of, got ${leasedAt.length}`);
    },
  },
  {
    name: 'says when the next delivery of a limited lane can be claimed',
    async run(world) {
      await createLimited(world, 20);
      assert.equal((await world.claim()).leased.length, LIMIT);
      const { leased, nextDueMs } = await world.claim({ leaseMs: 10 * INTERVAL_MS });
      assert.deepEqual(leased, []);
      assert.ok(nextDueMs !== undefined && nextDueMs > 0 && nextDueMs <= INTERVAL_MS);
      await world.advance(INTERVAL_MS);
      assert.notDeepEqual(await world.claimIds({ perLane: 1 }), []);
    },
  },
  {
    name: 'leaves other lanes alone',
    async run(world) {
      await createLimited(world, 20);
      await world.emit(Array.from({ length: 10 }, () => 'ep_free'));
      const { leased } = await world.claim();
      assert.equal(leased.filter(({ endpointId }) => endpointId === 'ep_free').length, 10);
    },
  },
  {
    name: 'does not give tokens back with the lease',
    async run(world) {
      await createLimited(world, 10);
      const { leased } = await world.claim();
      await world.store.release({ leases: leased.map(leaseOf) });
      assert.deepEqual(await world.claimIds(), []);
    },
  },
  {
    name: 'follows a changed limit',
    async run(world) {
      const id = await createLimited(world, 20);
      await world.claim();
      const record = world.endpoint({ id, rateLimit: { limit: LIMIT + 6, intervalMs: INTERVAL_MS } });
      await world.store.endpoints.put({ record, expectedRevision: 1 });
      assert.equal((await world.claimIds()).length, 6);
      await world.store.endpoints.put({ record: { ...record, rateLimit: false }, expectedRevision: 2 });
      assert.equal((await world.claimIds()).length, 20 - LIMIT - 6);
    },
  },
  {
    name: 'waits for a block that ends after the next token',
    async run(world) {
      const id = await createLimited(world, 20);
      const { leased } = await world.claim();
      await world.succeed(...leased);
      await world.store.putLane({ laneId: id, blockForMs: 2 * INTERVAL_MS });
      assertAbout((await world.claim()).nextDueMs, 2 * INTERVAL_MS);
    },
  },
];
