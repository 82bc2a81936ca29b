import assert from 'node:assert/strict';
import { NOTHING_IS_KEPT, type StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

async function isStored(world: StoreWorld, id: string): Promise<boolean> {
  return (await world.store.endpoints.get({ id })) !== undefined;
}

export const hiddenEndpointCases: readonly SuiteCase[] = [
  {
    name: 'stores hidden endpoints with the message, as first revision and with the time of the store',
    async run(world) {
      const record = world.hiddenEndpoint({
        headers: { 'x-key': 'Zoë' },
        secrets: [{ value: 'whsec_x', createdAt: 7 }],
      });
      const entry = world.hiddenEntry([record], { lease: 'token-1' });
      const [result] = await world.append([entry], { hiddenEndpoints: [record] });
      assert.ok(result?.kind === 'stored');
      assert.deepEqual(
        result.leased.map(({ endpointId, laneId }) => [endpointId, laneId]),
        [[record.id, 'lane']],
      );
      const stored = (await world.store.endpoints.get({ id: record.id }))?.record;
      assert.ok(stored !== undefined && stored.createdAt > 0);
      const { createdAt } = stored;
      assert.deepEqual(stored, { ...record, createdAt, updatedAt: createdAt, revision: 1 });
      const { items } = await world.store.list({
        of: 'deliveries',
        where: { endpointId: record.id },
        limit: 10,
      });
      assert.deepEqual(
        items.map(({ id }) => id),
        [entry.deliveries[0]!.id],
      );
    },
  },
  {
    name: 'leaves a hidden endpoint that is there as it is',
    async run(world) {
      const record = world.hiddenEndpoint({ name: 'first' });
      await world.appendHidden([record]);
      const before = await world.store.endpoints.get({ id: record.id });
      await world.advance(60_000);
      const changed = { ...record, name: 'second' };
      await world.append([world.hiddenEntry([changed]), world.hiddenEntry([changed])], {
        hiddenEndpoints: [changed],
      });
      assert.deepEqual(await world.store.endpoints.get({ id: record.id }), before);
      assert.equal((await world.claim()).leased.length, 3);
    },
  },
  {
    name: 'stores the hidden endpoints of a batch whatever becomes of its entries, and removes those without deliveries',
    async run(world) {
      await world.append([world.entry([], { idempotencyKey: 'key', fingerprint: 'one' })]);
      const records = [world.hiddenEndpoint(), world.hiddenEndpoint(), world.hiddenEndpoint()];
      const results = await world.append(
        [
          world.hiddenEntry([records[0]!], {}, { idempotencyKey: 'key', fingerprint: 'one' }),
          world.hiddenEntry([records[1]!], {}, { idempotencyKey: 'key', fingerprint: 'two' }),
          world.hiddenEntry([records[2]!]),
        ],
        { hiddenEndpoints: records },
      );
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['duplicate', 'conflict', 'stored'],
      );
      const stored = (): Promise<boolean[]> => Promise.all(records.map(({ id }) => isStored(world, id)));
      assert.deepEqual(await stored(), [true, true, true]);
      await world.pruneAll();
      assert.deepEqual(await stored(), [false, false, true]);
    },
  },
  {
    name: 'lists no hidden endpoints, in no page',
    async run(world) {
      const first = await world.putEndpoint();
      await world.appendHidden([world.hiddenEndpoint(), world.hiddenEndpoint()]);
      const second = await world.putEndpoint();
      const page = await world.store.endpoints.list({ limit: 2 });
      assert.deepEqual(
        page.items.map(({ record }) => record.id),
        [first.id, second.id],
      );
      assert.equal(page.nextCursor, undefined);
    },
  },
  {
    name: 'removes a hidden endpoint with its last delivery, and its lane with the last endpoint of it',
    async run(world) {
      const [one, other] = [world.hiddenEndpoint(), world.hiddenEndpoint()];
      await world.append([world.hiddenEntry([one]), world.hiddenEntry([one]), world.hiddenEntry([other])], {
        hiddenEndpoints: [one, other],
      });
      const first = await world.claim({ limit: 1 });
      await world.succeed(...first.leased);
      await world.advance(1_000);
      await world.pruneAll();
      assert.equal(await isStored(world, one.id), true);
      const { leased } = await world.claim();
      await world.succeed(...leased.filter(({ endpointId }) => endpointId === one.id));
      await world.advance(1_000);
      await world.pruneAll();
      assert.deepEqual([await isStored(world, one.id), await isStored(world, other.id)], [false, true]);
      assert.equal((await world.store.getLane({ laneId: 'lane' })).succeeded, 2);
      await world.succeed(...leased.filter(({ endpointId }) => endpointId === other.id));
      await world.advance(1_000);
      await world.pruneAll();
      assert.equal(await isStored(world, other.id), false);
      assert.equal((await world.store.getLane({ laneId: 'lane' })).succeeded, 0);
    },
  },
  {
    name: 'stores a hidden endpoint again that retention removed',
    async run(world) {
      const record = world.hiddenEndpoint();
      for (let round = 0; round < 3; round += 1) {
        await world.appendHidden([record]);
        assert.equal(await isStored(world, record.id), true);
        await world.succeed(await world.claimOne());
        await world.advance(1_000);
        await world.pruneAll();
        assert.equal(await isStored(world, record.id), false);
      }
    },
  },
  {
    name: 'leaves no delivery without its hidden endpoint, whatever is pruned at the same time',
    async run(world) {
      const record = world.hiddenEndpoint();
      const other = await world.second();
      for (let round = 0; round < 20; round += 1) {
        const prune = other.prune({ retention: NOTHING_IS_KEPT, budgetMs: 60_000 });
        await Promise.all([prune, world.appendHidden([record])]);
        assert.equal(await isStored(world, record.id), true);
        await world.succeed(await world.claimOne());
        await world.advance(1_000);
      }
    },
  },
  {
    name: 'keeps registered endpoints without deliveries',
    async run(world) {
      const { id } = await world.putEndpoint();
      await world.emitOne(id);
      await world.succeed(await world.claimOne());
      await world.advance(1_000);
      await world.pruneAll();
      assert.equal(await isStored(world, id), true);
      assert.equal((await world.store.getLane({ laneId: id })).succeeded, 1);
    },
  },
];
