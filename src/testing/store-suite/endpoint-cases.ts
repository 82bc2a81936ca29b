import assert from 'node:assert/strict';
import type { StoredEndpoint } from '../../store/store.ts';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

async function listAll(world: StoreWorld, limit: number, tenant?: string): Promise<StoredEndpoint[]> {
  const found: StoredEndpoint[] = [];
  let cursor: string | undefined;
  do {
    const page = await world.store.endpoints.list({ tenant, cursor, limit });
    assert.ok(page.items.length <= limit);
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

export const endpointCases: readonly SuiteCase[] = [
  {
    name: 'stores a record with its first revision and the time of the store',
    async run(world) {
      const record = world.endpoint({
        filter: { 'data.machine': { $in: ['a', 'b'] } },
        headers: { 'x-key': 'Zoë' },
        retry: { kind: 'schedule', delaysMs: [1_000, 2_000] },
        metadata: { ['odd "key" 👩‍🚀']: [null, true, 1.5] },
        secrets: [
          { value: 'whsec_x', createdAt: 7, standby: true },
          { value: 'whsec_y', createdAt: 6, expiresAt: 9_000 },
        ],
        name: `Robert'); DROP TABLE endpoints;--`,
      });
      const result = await world.store.endpoints.put({ record, expectedRevision: 0 });
      assert.ok(result.kind === 'stored');
      const { createdAt, updatedAt, revision } = result.record;
      assert.deepEqual([revision, createdAt], [1, updatedAt]);
      assert.ok(createdAt > 0);
      assert.deepEqual(result.record, { ...record, createdAt, updatedAt, revision });
      const stored = await world.store.endpoints.get({ id: record.id });
      assert.deepEqual(stored?.record, result.record);
      assert.deepEqual(stored?.lane, await world.store.getLane({ laneId: 'never_written' }));
    },
  },
  {
    name: 'replaces a record that is based on the newest revision',
    async run(world) {
      const first = await world.putEndpoint({ name: 'old', description: 'gone after the update' });
      await world.advance(60_000);
      const next = world.endpoint({ id: first.id, name: 'new' });
      const result = await world.store.endpoints.put({ record: next, expectedRevision: 1 });
      assert.ok(result.kind === 'stored');
      assert.deepEqual([result.record.revision, result.record.createdAt], [2, first.createdAt]);
      assert.ok(result.record.updatedAt >= first.updatedAt + 60_000);
      assert.deepEqual((await world.store.endpoints.get({ id: first.id }))?.record, result.record);
      assert.ok(!('description' in result.record));
    },
  },
  {
    name: 'refuses a record that is based on another revision',
    async run(world) {
      const stored = await world.putEndpoint({ name: 'kept' });
      for (const expectedRevision of [0, 2]) {
        const record = world.endpoint({ id: stored.id, name: 'refused', revision: expectedRevision });
        const result = await world.store.endpoints.put({ record, expectedRevision });
        assert.deepEqual(result, { kind: 'conflict', currentRevision: 1 });
      }
      const missing = await world.store.endpoints.put({ record: world.endpoint(), expectedRevision: 3 });
      assert.deepEqual(missing, { kind: 'conflict', currentRevision: 0 });
      assert.equal((await world.store.endpoints.get({ id: stored.id }))?.record.name, 'kept');
    },
  },
  {
    name: 'lets one of several writers win',
    async run(world) {
      const { id } = await world.putEndpoint();
      const stores = [world.store, await world.second(), world.store, await world.second()];
      const results = await Promise.all(
        stores.map((store, index) =>
          store.endpoints.put({
            record: world.endpoint({ id, name: `writer ${index}` }),
            expectedRevision: 1,
          }),
        ),
      );
      assert.equal(results.filter(({ kind }) => kind === 'stored').length, 1);
      assert.equal((await world.store.endpoints.get({ id }))?.record.revision, 2);
    },
  },
  {
    name: 'lists endpoints in the order of creation, by tenant, in pages',
    async run(world) {
      const created: string[] = [];
      for (const id of ['z', 'm', 'a', 'q', 'b']) {
        created.push((await world.putEndpoint({ id, tenant: id < 'n' ? 'one' : 'two' })).id);
      }
      await world.store.endpoints.put({
        record: world.endpoint({ id: 'z', tenant: 'two' }),
        expectedRevision: 1,
      });
      for (const limit of [1, 2, 5, 100]) {
        assert.deepEqual(
          (await listAll(world, limit)).map(({ record }) => record.id),
          created,
        );
      }
      assert.deepEqual(
        (await listAll(world, 1, 'one')).map(({ record }) => record.id),
        ['m', 'a', 'b'],
      );
      assert.deepEqual(await listAll(world, 10, 'three'), []);
    },
  },
  {
    name: 'keeps a page where it was while endpoints come and go',
    async run(world) {
      const ids: string[] = [];
      for (let index = 0; index < 6; index += 1) ids.push((await world.putEndpoint()).id);
      const first = await world.store.endpoints.list({ limit: 3 });
      await world.store.endpoints.remove({ id: ids[0]! });
      await world.store.endpoints.remove({ id: ids[2]! });
      await world.store.endpoints.remove({ id: ids[4]! });
      const late = await world.putEndpoint();
      const rest = await world.store.endpoints.list({ cursor: first.nextCursor, limit: 10 });
      assert.deepEqual(
        rest.items.map(({ record }) => record.id),
        [ids[3], ids[5], late.id],
      );
      assert.equal(rest.nextCursor, undefined);
    },
  },
  {
    name: 'removes an endpoint once',
    async run(world) {
      const { id } = await world.putEndpoint();
      assert.equal(await world.store.endpoints.remove({ id }), true);
      assert.equal(await world.store.endpoints.remove({ id }), false);
      assert.equal(await world.store.endpoints.get({ id }), undefined);
      assert.deepEqual(await listAll(world, 10), []);
      assert.equal((await world.putEndpoint({ id })).revision, 1);
    },
  },
  {
    name: 'leaves the deliveries of a removed endpoint to be claimed',
    async run(world) {
      const { id } = await world.putEndpoint({ rateLimit: { limit: 1, intervalMs: 600_000 } });
      const emitted = await world.emit([id, id, id]);
      await world.store.putLane({ laneId: id, paused: true, blockForMs: 600_000 });
      await world.store.endpoints.remove({ id });
      assert.deepEqual(await world.claimIds(), emitted);
    },
  },
  {
    name: 'opens the full lane of an endpoint that is removed',
    async run(world) {
      const { id } = await world.putEndpoint({ maxConcurrencyTotal: 1 });
      const [first, ...others] = await world.emit([id, id, id]);
      const leased = await world.claimOne();
      assert.equal(leased.id, first);
      assert.deepEqual(await world.claimIds(), []);
      await world.store.endpoints.remove({ id });
      assert.deepEqual(await world.claimIds(), others);
      await world.succeed(leased);
    },
  },
  {
    name: 'gives out copies of records',
    async run(world) {
      const record = world.endpoint({ metadata: { list: [1] } });
      const { id } = record;
      await world.store.endpoints.put({ record, expectedRevision: 0 });
      (record.metadata?.['list'] as number[]).push(2);
      const stored = await world.store.endpoints.get({ id });
      assert.deepEqual(stored?.record.metadata, { list: [1] });
      (stored.record.metadata?.['list']).push(3);
      assert.deepEqual((await world.store.endpoints.get({ id }))?.record.metadata, { list: [1] });
    },
  },
];
