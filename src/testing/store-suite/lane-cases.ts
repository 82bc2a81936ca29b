import assert from 'node:assert/strict';
import { assertAbout } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const endpointId = 'ep';

export const laneCases: readonly SuiteCase[] = [
  {
    name: 'gives the defaults of a lane that was never written',
    async run(world) {
      assert.deepEqual(await world.store.getLane({ laneId: endpointId }), {
        paused: false,
        blockedUntil: undefined,
        blockedReason: undefined,
        succeeded: 0,
        failed: 0,
        lastTriggeredAt: undefined,
        consecutiveFailures: 0,
        failingSince: undefined,
        trips: 0,
      });
    },
  },
  {
    name: 'claims nothing of a paused lane until it is resumed',
    async run(world) {
      const emitted = await world.emit([endpointId, endpointId]);
      await world.store.putLane({ laneId: endpointId, paused: true });
      assert.equal((await world.store.getLane({ laneId: endpointId })).paused, true);
      const paused = await world.claim();
      assert.deepEqual(paused, { leased: [], rescued: [], nextDueMs: undefined, nextOpenMs: undefined });
      const later = await world.emitOne(endpointId);
      assert.deepEqual(await world.claimIds(), []);
      await (await world.second()).putLane({ laneId: endpointId, paused: false });
      assert.deepEqual(await world.claimIds(), [...emitted, later]);
    },
  },
  {
    name: 'leaves the deliveries of a paused lane as they are',
    async run(world) {
      const id = await world.emitOne(endpointId);
      const before = await world.read(id);
      await world.store.putLane({ laneId: endpointId, paused: true, blockForMs: 60_000 });
      await world.claim();
      assert.deepEqual(await world.read(id), before);
    },
  },
  {
    name: 'claims nothing of a blocked lane until the block is over',
    async run(world) {
      const id = await world.emitOne(endpointId);
      await world.store.putLane({ laneId: endpointId, blockForMs: 120_000, blockedReason: 'retry_after' });
      const lane = await world.store.getLane({ laneId: endpointId });
      assert.equal(lane.blockedReason, 'retry_after');
      assert.ok(lane.blockedUntil !== undefined);
      const { leased, nextDueMs } = await world.claim();
      assert.deepEqual(leased, []);
      assertAbout(nextDueMs, 120_000);
      await world.advance(110_000);
      assert.deepEqual(await world.claimIds(), []);
      await world.advance(11_000);
      const { blockedUntil, blockedReason } = await world.store.getLane({ laneId: endpointId });
      assert.deepEqual([blockedUntil, blockedReason], [undefined, undefined]);
      assert.deepEqual(await world.claimIds(), [id]);
    },
  },
  {
    name: 'ends a block with zero',
    async run(world) {
      const id = await world.emitOne(endpointId);
      await world.store.putLane({ laneId: endpointId, blockForMs: 120_000, blockedReason: 'breaker' });
      await world.store.putLane({ laneId: endpointId, blockForMs: 0 });
      assert.equal((await world.store.getLane({ laneId: endpointId })).blockedUntil, undefined);
      assert.deepEqual(await world.claimIds(), [id]);
    },
  },
  {
    name: 'does not shorten a block by a shorter one',
    async run(world) {
      await world.store.putLane({ laneId: endpointId, blockForMs: 300_000, blockedReason: 'breaker' });
      const before = await world.store.getLane({ laneId: endpointId });
      await world.store.putLane({ laneId: endpointId, blockForMs: 60_000, blockedReason: 'retry_after' });
      assert.deepEqual(await world.store.getLane({ laneId: endpointId }), before);
      await world.store.putLane({ laneId: endpointId, blockForMs: 600_000, blockedReason: 'retry_after' });
      const after = await world.store.getLane({ laneId: endpointId });
      assert.ok(after.blockedUntil! >= before.blockedUntil! + 300_000);
      assert.equal(after.blockedReason, 'retry_after');
    },
  },
  {
    name: 'leaves out what is not named',
    async run(world) {
      await world.store.putLane({ laneId: endpointId, paused: true });
      await world.store.putLane({ laneId: endpointId, blockForMs: 120_000, blockedReason: 'breaker' });
      assert.equal((await world.store.getLane({ laneId: endpointId })).paused, true);
      await world.store.putLane({ laneId: endpointId, paused: false });
      const { paused, blockedUntil } = await world.store.getLane({ laneId: endpointId });
      assert.equal(paused, false);
      assert.notEqual(blockedUntil, undefined);
    },
  },
  {
    name: 'does not wake a lane whose deliveries are due later than its block ends',
    async run(world) {
      await world.emitOne(endpointId);
      await world.retryIn(await world.claimOne(), 600_000);
      await world.store.putLane({ laneId: endpointId, blockForMs: 120_000 });
      assertAbout((await world.claim()).nextDueMs, 600_000);
      await world.store.putLane({ laneId: endpointId, blockForMs: 900_000 });
      assertAbout((await world.claim()).nextDueMs, 900_000);
    },
  },
  {
    name: 'shows the lane with its endpoint',
    async run(world) {
      const { id } = await world.putEndpoint();
      await world.store.putLane({ laneId: id, paused: true });
      const lane = await world.store.getLane({ laneId: id });
      assert.deepEqual((await world.store.endpoints.get({ id }))?.lane, lane);
      assert.deepEqual((await world.store.endpoints.list({ limit: 1 })).items[0]?.lane, lane);
    },
  },
  {
    name: 'passes over paused and blocked lanes on the way to open ones',
    async run(world) {
      const emitted = await world.emit(['ep_1', 'ep_2', 'ep_3', 'ep_4']);
      await world.store.putLane({ laneId: 'ep_1', paused: true });
      await world.store.putLane({ laneId: 'ep_3', blockForMs: 60_000 });
      assert.deepEqual((await world.claimIds()).sort(), [emitted[1], emitted[3]].sort());
    },
  },
];
