import assert from 'node:assert/strict';
import type { RescheduleParams } from '../../store/store.ts';
import { leaseOf, type StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

/** Runs a reschedule to its end; the size of each batch and the deliveries in order. */
async function inBatches(
  world: StoreWorld,
  params: RescheduleParams,
): Promise<{ counts: number[]; ids: string[] }> {
  const counts: number[] = [];
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const result = await world.store.reschedule({ ...params, cursor });
    counts.push(result.count);
    ids.push(...result.deliveries.map(({ id }) => id));
    cursor = result.nextCursor;
  } while (cursor !== undefined);
  return { counts, ids };
}

const discard = { to: 'discarded', reason: 'cancelled', limit: 100 } as const;
const schedule = { to: 'scheduled', limit: 100 } as const;

export const rescheduleCases: readonly SuiteCase[] = [
  {
    name: 'schedules finished deliveries for a fresh run, numbers going on',
    async run(world) {
      const id = await world.emitOne('ep');
      await world.retryIn(await world.claimOne(), 0);
      await world.exhaust(await world.claimOne());
      await world.advance(60_000);
      const { count, deliveries, nextCursor } = await world.store.reschedule({
        ...schedule,
        where: { deliveryIds: [id] },
      });
      assert.deepEqual([count, nextCursor], [1, undefined]);
      const [stored] = deliveries;
      assert.deepEqual(stored, await world.read(id));
      assert.deepEqual(
        [stored?.state, stored?.attempts, stored?.attemptsBeforeRun, stored?.finishedAt],
        ['scheduled', 2, 2, undefined],
      );
      assert.ok(stored.dueAt >= stored.createdAt + 60_000);
      const leased = await world.claimOne();
      assert.deepEqual([leased.attempts, leased.attemptsBeforeRun], [3, 2]);
    },
  },
  {
    name: 'schedules deliveries of every final state',
    async run(world) {
      const emitted = await world.emit(['ep', 'ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      await world.succeed(leased[0]!);
      await world.exhaust(leased[1]!);
      const gone = {
        kind: 'endpoint_failed',
        reason: 'http_status',
        next: { kind: 'discard', reason: 'gone' },
      } as const;
      await world.settle(leased[2]!, gone);
      const failed = { state: 'failed', reason: 'bad_secret' } as const;
      const settlement = world.settlement(leased[3]!, { kind: 'succeeded' });
      await world.store.settle({
        settlements: [{ ...settlement, transition: { ...settlement.transition, ...failed } }],
      });
      assert.equal((await world.store.reschedule({ ...schedule, where: {} })).count, 4);
      assert.deepEqual(await world.claimIds(), emitted);
    },
  },
  {
    name: 'makes waiting deliveries due now',
    async run(world) {
      const id = await world.emitOne('ep');
      await world.retryIn(await world.claimOne(), 600_000);
      assert.equal(
        (await world.store.reschedule({ ...schedule, where: { states: ['scheduled'] } })).count,
        1,
      );
      const leased = await world.claimOne();
      assert.deepEqual([leased.id, leased.attempts, leased.attemptsBeforeRun], [id, 2, 1]);
    },
  },
  {
    name: 'leaves leased deliveries alone when scheduling',
    async run(world) {
      await world.emitOne('ep');
      const leased = await world.claimOne();
      assert.deepEqual(await world.store.reschedule({ ...schedule, where: {} }), {
        count: 0,
        deliveries: [],
        nextCursor: undefined,
      });
      await world.succeed(leased);
    },
  },
  {
    name: 'discards waiting deliveries',
    async run(world) {
      const [due, retried, other] = await world.emit(['ep', 'ep', 'ep_2']);
      const { leased } = await world.claim({ limit: 2, freeSlots: new Map([['ep_2', 0]]) });
      await world.retryIn(leased[1]!, 600_000);
      await world.store.release({ leases: [leaseOf(leased[0]!)] });
      const { deliveries } = await world.store.reschedule({ ...discard, where: { endpointId: 'ep' } });
      for (const delivery of deliveries) {
        assert.deepEqual([delivery.state, delivery.reason], ['discarded', 'cancelled']);
        assert.notEqual(delivery.finishedAt, undefined);
      }
      assert.deepEqual(
        deliveries.map(({ id }) => id),
        [due, retried],
      );
      assert.deepEqual(await world.claimIds(), [other]);
    },
  },
  {
    name: 'lets the running attempt of a discarded delivery end',
    async run(world) {
      const id = await world.emitOne('ep');
      const leased = await world.claimOne();
      const { count, deliveries } = await world.store.reschedule({ ...discard, where: {} });
      assert.deepEqual([count, deliveries[0]?.id, deliveries[0]?.state], [1, id, 'sending']);
      assert.deepEqual(await world.store.renew({ leases: [leaseOf(leased)], leaseMs: 60_000 }), []);
      assert.deepEqual(await world.retryIn(leased, 0), {
        kind: 'settled',
        state: 'discarded',
        reason: 'cancelled',
      });
    },
  },
  {
    name: 'forgets a cancellation when the delivery ended, so that a retry runs its course',
    async run(world) {
      await world.emitOne('ep');
      const leased = await world.claimOne();
      await world.store.reschedule({ ...discard, where: {} });
      await world.exhaust(leased);
      await world.store.reschedule({ ...schedule, where: {} });
      assert.equal((await world.retryIn(await world.claimOne(), 0)).kind, 'settled');
      assert.equal((await world.claimOne()).attempts, 3);
    },
  },
  {
    name: 'leaves final deliveries alone when discarding',
    async run(world) {
      const id = await world.emitOne('ep');
      await world.succeed(await world.claimOne());
      assert.equal((await world.store.reschedule({ ...discard, where: {} })).count, 0);
      assert.equal((await world.read(id)).state, 'succeeded');
    },
  },
  {
    name: 'works through batches, oldest first, each delivery once',
    async run(world) {
      const emitted = await world.emit(Array.from({ length: 10 }, (_, index) => `ep_${index % 3}`));
      const result = await inBatches(world, { ...schedule, where: {}, limit: 4 });
      assert.deepEqual(result, { counts: [4, 4, 2], ids: emitted });
      assert.deepEqual((await inBatches(world, { ...discard, where: {}, limit: 5 })).ids, emitted);
    },
  },
  {
    name: 'goes by ids and by all other members together',
    async run(world) {
      const emitted = await world.emit(['ep_1', 'ep_2', 'ep_1', 'ep_1']);
      const deliveryIds = [emitted[3]!, emitted[1]!, 'unknown', emitted[0]!, emitted[3]!];
      const { ids } = await inBatches(world, {
        ...discard,
        where: { deliveryIds, endpointId: 'ep_1' },
        limit: 1,
      });
      assert.deepEqual(ids, [emitted[0], emitted[3]]);
      assert.equal((await world.store.reschedule({ ...discard, where: { deliveryIds: [] } })).count, 0);
      assert.deepEqual((await world.claimIds()).sort(), [emitted[1], emitted[2]].sort());
    },
  },
  {
    name: 'refuses to discard without a reason',
    async run(world) {
      await assert.rejects(world.store.reschedule({ where: {}, to: 'discarded', limit: 1 }), {
        code: 'invalid_option',
      });
    },
  },
  {
    name: 'leaves deliveries alone that ended at or after finishedBefore',
    async run(world) {
      const [early, late] = await world.emit(['ep', 'ep']);
      const { leased } = await world.claim();
      await world.exhaust(leased.find(({ id }) => id === early)!);
      await world.advance(60_000);
      await world.exhaust(leased.find(({ id }) => id === late)!);
      const finishedBefore = (await world.read(late!)).finishedAt!;
      const where = { deliveryIds: [late!, early!], finishedBefore };
      const { deliveries } = await world.store.reschedule({ ...schedule, where });
      assert.deepEqual(
        deliveries.map(({ id }) => id),
        [early],
      );
    },
  },
];
