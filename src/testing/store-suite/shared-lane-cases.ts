import assert from 'node:assert/strict';
import type { EndpointRecord } from '../../core/endpoint.ts';
import { assertAbout } from './store-world.ts';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const INTERVAL_MS = 600_000;

/** Endpoints that share the lane `lane`, each with a message; the ids of their deliveries. */
async function emitShared(
  world: StoreWorld,
  count: number,
  record: Partial<EndpointRecord> = {},
): Promise<string[]> {
  const hiddenEndpoints = Array.from({ length: count }, () => world.hiddenEndpoint(record));
  const entries = hiddenEndpoints.map((one) => world.hiddenEntry([one]));
  await world.append(entries, { hiddenEndpoints });
  return entries.map(({ deliveries }) => deliveries[0]!.id);
}

export const sharedLaneCases: readonly SuiteCase[] = [
  {
    name: 'owes one message to several endpoints of a lane, once to each',
    async run(world) {
      const records = [world.hiddenEndpoint(), world.hiddenEndpoint()];
      const entry = world.hiddenEntry([...records, records[0]!]);
      const [result] = await world.append([entry], { hiddenEndpoints: records });
      assert.equal(result?.kind, 'stored');
      const { leased } = await world.claim();
      assert.deepEqual(leased.map(({ endpointId }) => endpointId).sort(), records.map(({ id }) => id).sort());
      assert.deepEqual(
        leased.map(({ laneId }) => laneId),
        ['lane', 'lane'],
      );
    },
  },
  {
    name: 'gives the endpoints of a lane its free slots together',
    async run(world) {
      await emitShared(world, 6);
      const alone = await world.emitOne('ep');
      const claim = { perLane: 3, freeSlots: new Map([['lane', 0]]) };
      assert.deepEqual(await world.claimIds(claim), [alone]);
      assert.equal((await world.claim({ ...claim, freeSlots: new Map([['lane', 2]]) })).leased.length, 2);
      const { leased, nextDueMs } = await world.claim({ perLane: 3 });
      assert.equal(leased.length, 3);
      assert.equal(nextDueMs, 0);
    },
  },
  {
    name: 'takes a shared lane for one when lanes take turns',
    async run(world) {
      await emitShared(world, 200);
      await world.emit(Array.from({ length: 20 }, () => 'ep'));
      const { leased } = await world.claim({ limit: 40 });
      assert.ok(leased.filter(({ endpointId }) => endpointId === 'ep').length >= 16);
    },
  },
  {
    name: 'pauses and blocks all endpoints of a lane, and no others',
    async run(world) {
      await emitShared(world, 2);
      await world.appendHidden([world.hiddenEndpoint({ lane: 'lane_2' })]);
      await world.store.putLane({ laneId: 'lane', blockForMs: 120_000, blockedReason: 'retry_after' });
      const blocked = await world.claim();
      assert.deepEqual(
        blocked.leased.map(({ laneId }) => laneId),
        ['lane_2'],
      );
      const wanting = await world.appendHidden([world.hiddenEndpoint()], { lease: 'token-1' });
      assert.deepEqual(wanting, { kind: 'stored', leased: [] });
      await world.succeed(...blocked.leased);
      assertAbout((await world.claim()).nextDueMs, 120_000);
      await world.store.putLane({ laneId: 'lane', paused: true, blockForMs: 0 });
      assert.deepEqual(await world.claimIds(), []);
      await world.store.putLane({ laneId: 'lane', paused: false });
      assert.equal((await world.claimIds()).length, 3);
    },
  },
  {
    name: 'shows the lane with each of its endpoints',
    async run(world) {
      const records = [world.hiddenEndpoint(), world.hiddenEndpoint()];
      await world.appendHidden(records);
      const { leased } = await world.claim();
      await world.succeed(leased[0]!);
      await world.exhaust(leased[1]!);
      const lane = await world.store.getLane({ laneId: 'lane' });
      assert.deepEqual([lane.succeeded, lane.failed], [1, 1]);
      for (const { id } of records) assert.deepEqual((await world.store.endpoints.get({ id }))?.lane, lane);
    },
  },
  {
    name: 'counts the leases of all endpoints of a lane against its rate limit',
    async run(world) {
      const rateLimit = { limit: 4, intervalMs: INTERVAL_MS };
      await world.store.putLane({ laneId: 'lane', blockForMs: 1_000 });
      await emitShared(world, 10, { rateLimit });
      await world.advance(1_000);
      assert.equal((await world.claim()).leased.length, 4);
      const wanting = await world.appendHidden([world.hiddenEndpoint({ rateLimit })], { lease: 'token-1' });
      assert.deepEqual(wanting, { kind: 'stored', leased: [] });
      assert.deepEqual(await world.claimIds(), []);
      await world.advance(INTERVAL_MS);
      assert.equal((await world.claimIds()).length, 4);
    },
  },
  {
    name: 'counts the leases of all endpoints of a lane against the most that it may have',
    async run(world) {
      await world.store.putLane({ laneId: 'lane', blockForMs: 1_000 });
      await emitShared(world, 6, { maxConcurrencyTotal: 2 });
      await world.advance(1_000);
      const { leased } = await world.claim();
      assert.equal(leased.length, 2);
      const another = world.hiddenEndpoint({ maxConcurrencyTotal: 2 });
      const wanting = await world.appendHidden([another], { lease: 'token-1' });
      assert.deepEqual(wanting, { kind: 'stored', leased: [] });
      assert.deepEqual(await world.claimIds(), []);
      await world.succeed(leased[0]!);
      assert.equal((await world.claimIds()).length, 1);
    },
  },
  {
    name: 'keeps the rate limit of a lane beyond the last of its deliveries',
    async run(world) {
      const rateLimit = { limit: 1, intervalMs: INTERVAL_MS };
      await emitShared(world, 1, { rateLimit });
      await world.succeed(await world.claimOne());
      await world.pruneAll();
      const [next] = await emitShared(world, 1, { rateLimit });
      assert.deepEqual(await world.claimIds(), []);
      await world.advance(INTERVAL_MS);
      assert.deepEqual(await world.claimIds(), [next]);
    },
  },
  {
    name: 'keeps the block of a lane beyond the last of its deliveries',
    async run(world) {
      await emitShared(world, 1);
      const delivery = await world.claimOne();
      await world.store.putLane({ laneId: 'lane', blockForMs: 120_000, blockedReason: 'retry_after' });
      await world.succeed(delivery);
      await world.pruneAll();
      const [next] = await emitShared(world, 1);
      assert.deepEqual(await world.claimIds(), []);
      await world.advance(120_000);
      assert.deepEqual(await world.claimIds(), [next]);
    },
  },
  {
    name: 'keeps equal ordering keys of the endpoints of a lane apart',
    async run(world) {
      const hiddenEndpoints = [world.hiddenEndpoint(), world.hiddenEndpoint()];
      const entries = [...hiddenEndpoints, ...hiddenEndpoints].map((one) =>
        world.hiddenEntry([one], { orderingKey: 'key' }),
      );
      await world.append(entries, { hiddenEndpoints });
      const ids = entries.map(({ deliveries }) => deliveries[0]!.id);
      for (const round of [ids.slice(0, 2), ids.slice(2)]) {
        const { leased } = await world.claim();
        assert.deepEqual(
          leased.map(({ id }) => id),
          round,
        );
        await world.succeed(...leased);
      }
    },
  },
];
