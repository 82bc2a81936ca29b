import assert from 'node:assert/strict';
import type { PruneResult, Retention } from '../../store/store.ts';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const HOUR_MS = 3_600_000;
const RETENTION: Retention = { succeededMs: HOUR_MS, unsuccessfulMs: 10 * HOUR_MS };

function prune(world: StoreWorld, retention: Retention = RETENTION): Promise<PruneResult> {
  return world.store.prune({ retention, budgetMs: 60_000 });
}

async function messageOf(world: StoreWorld, deliveryId: string): Promise<string> {
  return (await world.read(deliveryId)).messageId;
}

export const retentionCases: readonly SuiteCase[] = [
  {
    name: 'removes succeeded messages with their deliveries and attempts when their time is over',
    async run(world) {
      const id = await world.emitOne('ep');
      const messageId = await messageOf(world, id);
      await world.advance(10 * HOUR_MS);
      await world.succeed(await world.claimOne());
      await world.advance(HOUR_MS - 60_000);
      assert.deepEqual(await prune(world), { messages: 0, more: false });
      await world.advance(61_000);
      assert.deepEqual(await prune(world), { messages: 1, more: false });
      assert.equal(await world.store.getMessage({ id: messageId }), undefined);
      assert.equal(await world.store.getDelivery({ id }), undefined);
      assert.deepEqual(await world.attempts(id), []);
      for (const of of ['messages', 'deliveries', 'attempts'] as const) {
        assert.deepEqual((await world.store.list({ of, where: {}, limit: 10 })).items, []);
      }
    },
  },
  {
    name: 'keeps messages longer of which a delivery did not succeed',
    async run(world) {
      const deliveries = [world.delivery('ep'), world.delivery('ep_2')];
      const entry = world.entry(deliveries);
      const disabled = world.entry([
        world.delivery('ep', { state: 'discarded', reason: 'endpoint_disabled' }),
      ]);
      await world.append([entry, disabled]);
      const { leased } = await world.claim();
      await world.succeed(leased[0]!);
      await world.exhaust(leased[1]!);
      await world.advance(9 * HOUR_MS);
      assert.equal((await prune(world)).messages, 0);
      await world.advance(2 * HOUR_MS);
      assert.equal((await prune(world)).messages, 2);
    },
  },
  {
    name: 'never removes a message that has an unfinished delivery',
    async run(world) {
      const deliveries = ['ep_sending', 'ep_waiting', 'ep_paused', 'ep_done'].map((id) => world.delivery(id));
      await world.store.putLane({ laneId: 'ep_paused', paused: true });
      await world.append(deliveries.map((one) => world.entry([one, world.delivery('ep_done_too')])));
      const { leased } = await world.claim({ leaseMs: 10_000 * HOUR_MS });
      for (const one of leased) {
        if (one.endpointId.startsWith('ep_done')) await world.succeed(one);
        if (one.endpointId === 'ep_waiting') await world.retryIn(one, 5_000 * HOUR_MS);
      }
      await world.advance(1_000 * HOUR_MS);
      assert.deepEqual(await prune(world), { messages: 1, more: false });
      for (const { id, endpointId } of deliveries.slice(0, 3)) {
        assert.notEqual(await world.store.getDelivery({ id }), undefined, endpointId);
      }
    },
  },
  {
    name: 'counts from the end of the last delivery',
    async run(world) {
      await world.append([world.entry([world.delivery('ep_1'), world.delivery('ep_2')])]);
      const { leased } = await world.claim({ leaseMs: 10 * HOUR_MS });
      await world.succeed(leased[0]!);
      await world.advance(HOUR_MS - 60_000);
      await world.succeed(leased[1]!);
      await world.advance(HOUR_MS - 60_000);
      assert.equal((await prune(world)).messages, 0);
      await world.advance(61_000);
      assert.equal((await prune(world)).messages, 1);
    },
  },
  {
    name: 'keeps a message whose delivery is retried, and counts anew',
    async run(world) {
      const id = await world.emitOne('ep');
      await world.exhaust(await world.claimOne());
      await world.advance(9 * HOUR_MS);
      await world.store.reschedule({ where: { deliveryIds: [id] }, to: 'scheduled', limit: 1 });
      await world.advance(9 * HOUR_MS);
      assert.equal((await prune(world)).messages, 0);
      await world.succeed(await world.claimOne());
      assert.equal((await prune(world)).messages, 0);
      await world.advance(HOUR_MS + 1_000);
      assert.equal((await prune(world)).messages, 1);
    },
  },
  {
    name: 'takes messages that match no endpoint for succeeded, those not matched yet for unfinished',
    async run(world) {
      const [matched, unmatched] = [world.entry([]), { ...world.entry([]), fannedOut: false }];
      await world.append([matched, unmatched]);
      await world.advance(HOUR_MS + 1_000);
      assert.equal((await prune(world)).messages, 1);
      assert.notEqual(await world.store.getMessage({ id: unmatched.message.id }), undefined);
      await world.store.claimFanOut({ limit: 1, leaseMs: 60_000, lease: 'token' });
      const results = [{ messageId: unmatched.message.id, lease: 'token', deliveries: [] }];
      await world.store.completeFanOut({ results });
      assert.equal((await prune(world)).messages, 0);
      await world.advance(HOUR_MS + 1_000);
      assert.equal((await prune(world)).messages, 1);
    },
  },
  {
    name: 'removes in batches when there is no time for all',
    async run(world) {
      await world.append(Array.from({ length: 2_500 }, () => world.entry([])));
      await world.advance(2 * HOUR_MS);
      let removed = 0;
      for (let more = true; more;) {
        const result = await world.store.prune({ retention: RETENTION, budgetMs: 0 });
        assert.ok(result.messages > 0 || !result.more);
        removed += result.messages;
        more = result.more;
      }
      assert.equal(removed, 2_500);
      assert.deepEqual(await prune(world), { messages: 0, more: false });
    },
  },
  {
    name: 'keeps everything when retention is endless, nothing when it is zero',
    async run(world) {
      await world.append([world.entry([])]);
      await world.advance(1_000_000 * HOUR_MS);
      assert.equal((await prune(world, { succeededMs: Infinity, unsuccessfulMs: Infinity })).messages, 0);
      assert.equal((await prune(world, { succeededMs: 0, unsuccessfulMs: Infinity })).messages, 1);
    },
  },
  {
    name: 'counts attempts while their message is kept, and not when their time is over',
    async run(world) {
      const failed = async (): Promise<readonly number[]> => {
        const { attempts, buckets } = await world.store.stats({ where: { since: 0 }, bucketMs: HOUR_MS });
        return [attempts.failed, buckets.length];
      };
      await world.emitOne('ep');
      await world.exhaust(await world.claimOne());
      await world.advance(9 * HOUR_MS);
      assert.equal((await prune(world)).messages, 0);
      assert.deepEqual(await failed(), [1, 1]);
      await world.advance(2 * HOUR_MS);
      while ((await prune(world)).more);
      assert.deepEqual(await failed(), [0, 0]);
    },
  },
  {
    name: 'keeps the lifetime counters of endpoints',
    async run(world) {
      const { id } = await world.putEndpoint();
      await world.emit([id, id]);
      const { leased } = await world.claim();
      await world.succeed(leased[0]!);
      await world.exhaust(leased[1]!);
      const before = await world.store.getLane({ laneId: id });
      await world.advance(100 * HOUR_MS);
      assert.equal((await prune(world)).messages, 2);
      assert.deepEqual([before.succeeded, before.failed], [1, 1]);
      assert.deepEqual(await world.store.getLane({ laneId: id }), before);
    },
  },
  {
    name: 'frees id and idempotency key with the message',
    async run(world) {
      const entry = world.entry([], { idempotencyKey: 'key', fingerprint: 'one' });
      await world.append([entry]);
      await world.advance(2 * HOUR_MS);
      assert.equal((await prune(world)).messages, 1);
      const again = { ...entry, message: { ...entry.message, fingerprint: 'two' } };
      assert.equal((await world.append([again]))[0]?.kind, 'stored');
    },
  },
  {
    name: 'leaves an idempotency key to the message that has it now',
    async run(world) {
      await world.append([world.entry([], { idempotencyKey: 'key' })], { idempotencyWindowMs: HOUR_MS });
      await world.advance(HOUR_MS + 1_000);
      const heir = world.entry([], { idempotencyKey: 'key' });
      await world.append([heir]);
      assert.equal((await prune(world)).messages, 1);
      const [result] = await world.append([world.entry([], { idempotencyKey: 'key' })]);
      assert.ok(result?.kind === 'duplicate' && result.messageId === heir.message.id);
    },
  },
];
