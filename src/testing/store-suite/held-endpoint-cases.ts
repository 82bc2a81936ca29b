import assert from 'node:assert/strict';
import type { EndpointRecord } from '../../core/endpoint.ts';
import type { Store } from '../../store/store.ts';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const HELD: Partial<EndpointRecord> = { status: 'disabled', disabledReason: 'manual', held: true };

/** Puts the record anew, with other members than before. */
async function change(
  world: StoreWorld,
  id: string,
  members: Partial<EndpointRecord>,
  store?: Store,
): Promise<void> {
  const revision = (await world.store.endpoints.get({ id }))!.record.revision;
  const record = world.endpoint({ id, ...members });
  const { kind } = await (store ?? world.store).endpoints.put({ record, expectedRevision: revision });
  assert.equal(kind, 'stored');
}

export const heldEndpointCases: readonly SuiteCase[] = [
  {
    name: 'claims nothing of an endpoint that is held, until it is enabled',
    async run(world) {
      const { id } = await world.putEndpoint();
      const emitted = await world.emit([id, id]);
      await change(world, id, HELD);
      assert.deepEqual((await world.store.endpoints.get({ id }))?.record.held, true);
      const held = await world.claim();
      assert.deepEqual(held, { leased: [], rescued: [], nextDueMs: undefined, nextOpenMs: undefined });
      const later = await world.emitOne(id);
      assert.deepEqual(await world.claimIds(), []);
      await change(world, id, { status: 'enabled' }, await world.second());
      assert.deepEqual(await world.claimIds(), [...emitted, later]);
    },
  },
  {
    name: 'holds one that had no delivery yet, and leases nothing when some are stored',
    async run(world) {
      const { id } = await world.putEndpoint(HELD);
      const delivery = world.delivery(id, { lease: world.id('lease') });
      const [result] = await world.append([world.entry([delivery])]);
      assert.ok(result?.kind === 'stored');
      assert.deepEqual(result.leased, []);
      assert.deepEqual(await world.claimIds(), []);
      await change(world, id, { status: 'enabled' });
      assert.deepEqual(await world.claimIds(), [delivery.id]);
    },
  },
  {
    name: 'tells a pause and a held endpoint apart: each outlives the other',
    async run(world) {
      const { id } = await world.putEndpoint();
      const emitted = await world.emit([id]);
      await world.store.putLane({ laneId: id, paused: true });
      await change(world, id, HELD);
      await change(world, id, { status: 'enabled' });
      assert.equal((await world.store.getLane({ laneId: id })).paused, true);
      assert.deepEqual(await world.claimIds(), []);
      await change(world, id, HELD);
      await world.store.putLane({ laneId: id, paused: false, blockForMs: 0 });
      assert.equal((await world.store.getLane({ laneId: id })).paused, false);
      assert.deepEqual(await world.claimIds(), []);
      await change(world, id, { status: 'enabled' });
      assert.deepEqual(await world.claimIds(), emitted);
    },
  },
  {
    name: 'holds nothing of one that is disabled without that, or enabled',
    async run(world) {
      for (const members of [
        { ...HELD, held: false },
        { status: 'disabled', disabledReason: 'manual' },
        { status: 'enabled', held: true },
      ] as const) {
        const { id } = await world.putEndpoint();
        const emitted = await world.emit([id]);
        await change(world, id, HELD);
        await change(world, id, members);
        assert.deepEqual(await world.claimIds(), emitted);
      }
    },
  },
  {
    name: 'opens no held lane when a lease of a full one ends',
    async run(world) {
      const limited = { maxConcurrencyTotal: 1 } as const;
      const { id } = await world.putEndpoint(limited);
      const [, second] = await world.emit([id, id]);
      const leased = await world.claimOne();
      await change(world, id, { ...limited, ...HELD });
      await world.succeed(leased);
      const held = await world.claim();
      assert.deepEqual(held, { leased: [], rescued: [], nextDueMs: undefined, nextOpenMs: undefined });
      await change(world, id, { ...limited, status: 'enabled' });
      assert.deepEqual(await world.claimIds(), [second]);
    },
  },
  {
    name: 'lets what a held endpoint leaves behind be claimed when it is removed',
    async run(world) {
      const { id } = await world.putEndpoint();
      const emitted = await world.emit([id]);
      await change(world, id, HELD);
      await world.store.endpoints.remove({ id });
      assert.deepEqual(await world.claimIds(), emitted);
    },
  },
];
