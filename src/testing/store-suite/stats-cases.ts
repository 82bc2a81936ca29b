import assert from 'node:assert/strict';
import { LatencyCounter, type LatencyCounts } from '../../core/latency.ts';
import type { LeasedDelivery, NewMessage, StatsParams } from '../../store/store.ts';
import { LEASE_MS, type StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const NO_ATTEMPTS = { delivered: 0, failed: 0, latency: new LatencyCounter().result() };
const RESPONSE = {
  status: 500,
  headers: {},
  body: '',
  bodyEncoding: 'utf8',
  bodyTruncated: false,
  bodyComplete: true,
} as const;
const NONE = { scheduled: 0, sending: 0, succeeded: 0, exhausted: 0, discarded: 0, failed: 0 };

/** An attempt that took `durationMs`, answered or not; its delivery is exhausted, or succeeded. */
async function conclude(
  world: StoreWorld,
  leased: LeasedDelivery,
  { delivered, answered, durationMs }: { delivered: boolean; answered: boolean; durationMs: number },
): Promise<void> {
  const event = delivered
    ? ({ kind: 'succeeded' } as const)
    : ({ kind: 'endpoint_failed', reason: 'timeout', next: { kind: 'stop' } } as const);
  const response = answered ? RESPONSE : undefined;
  await world.store.settle({ settlements: [world.settlement(leased, event, { durationMs, response })] });
}

/** Counts of durations. */
function latencyOf(...durations: readonly number[]): LatencyCounts {
  const counter = new LatencyCounter();
  durations.forEach((duration) => counter.add(duration));
  return counter.result();
}

export const statsCases: readonly SuiteCase[] = [
  {
    name: 'counts nothing in an empty store',
    async run(world) {
      const { at, ...stats } = await world.store.stats({ where: {} });
      assert.ok(at > 0);
      assert.deepEqual(stats, {
        byState: NONE,
        waitingForRetry: 0,
        unmatchedMessages: 0,
        attempts: NO_ATTEMPTS,
        lastDeliveredAt: undefined,
        lastFailedAt: undefined,
        buckets: [],
        lifetime: { succeeded: 0, failed: 0, lastTriggeredAt: undefined },
      });
    },
  },
  {
    name: 'counts deliveries by state, and those that wait for a retry',
    async run(world) {
      await world.emit(Array.from({ length: 6 }, () => 'ep'));
      const { leased } = await world.claim({ limit: 4 });
      await world.succeed(leased[0]!);
      await world.exhaust(leased[1]!);
      await world.retryIn(leased[2]!, 60_000);
      await world.append([
        world.entry([world.delivery('ep', { state: 'discarded', reason: 'endpoint_disabled' })]),
      ]);
      const { byState, waitingForRetry } = await world.store.stats({ where: {} });
      assert.deepEqual(byState, {
        ...NONE,
        scheduled: 3,
        sending: 1,
        succeeded: 1,
        exhausted: 1,
        discarded: 1,
      });
      assert.equal(waitingForRetry, 1);
    },
  },
  {
    name: 'counts by endpoint, tenant and time of creation',
    async run(world) {
      await world.append([world.entry([world.delivery('ep_1'), world.delivery('ep_2')], { tenant: 'acme' })]);
      await world.advance(60_000);
      const [late] = await world.emit(['ep_1', 'ep_1']);
      const { createdAt } = await world.read(late!);
      const scheduled = async (where: Parameters<typeof world.store.stats>[0]['where']): Promise<number> =>
        (await world.store.stats({ where })).byState.scheduled;
      assert.equal(await scheduled({ endpointId: 'ep_1' }), 3);
      assert.equal(await scheduled({ tenant: 'acme' }), 2);
      assert.equal(await scheduled({ tenant: 'acme', endpointId: 'ep_1' }), 1);
      assert.equal(await scheduled({ since: createdAt }), 2);
      assert.equal(await scheduled({ until: createdAt }), 2);
      assert.equal(await scheduled({ endpointId: 'unknown' }), 0);
    },
  },
  {
    name: 'counts messages that are not matched yet, until they are',
    async run(world) {
      const unmatched = (message: Partial<NewMessage> = {}) => ({
        ...world.entry([], message),
        fannedOut: false,
      });
      const first = unmatched({ tenant: 'acme' });
      await world.append([
        first,
        unmatched({ test: true }),
        world.entry([]),
        world.entry([world.delivery('ep')]),
      ]);
      await world.advance(60_000);
      const late = unmatched();
      await world.append([late, unmatched()]);
      const { createdAt } = (await world.store.getMessage({ id: late.message.id }))!;
      const count = async (where: StatsParams['where']): Promise<number> =>
        (await world.store.stats({ where })).unmatchedMessages;
      assert.equal(await count({}), 3);
      assert.equal(await count({ tenant: 'acme' }), 1);
      assert.equal(await count({ tenant: 'default' }), 2);
      assert.equal(await count({ since: createdAt }), 2);
      assert.equal(await count({ until: createdAt }), 1);
      assert.equal(await count({ endpointId: 'ep' }), 0);
      await world.store.claimFanOut({ limit: 1, leaseMs: LEASE_MS, lease: 'token' });
      assert.equal(await count({}), 3);
      await world.store.completeFanOut({
        results: [{ messageId: first.message.id, lease: 'token', deliveries: [world.delivery('ep')] }],
      });
      assert.equal(await count({}), 2);
      assert.equal(await count({ tenant: 'acme' }), 0);
    },
  },
  {
    name: 'counts attempts, and how long those took that got an answer',
    async run(world) {
      await world.emit(['ep', 'ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      await conclude(world, leased[0]!, { delivered: true, answered: true, durationMs: 40 });
      await conclude(world, leased[1]!, { delivered: false, answered: true, durationMs: 700_000 });
      await conclude(world, leased[2]!, { delivered: false, answered: false, durationMs: 15_000 });
      await world.settle(leased[3]!, { kind: 'interrupted' });
      const { attempts } = await world.store.stats({ where: {} });
      assert.deepEqual(attempts, { delivered: 1, failed: 2, latency: latencyOf(40, 700_000) });
    },
  },
  {
    name: 'tells when attempts last were delivered and failed',
    async run(world) {
      const [good, bad] = await world.emit(['ep', 'ep']);
      const { leased } = await world.claim();
      await world.succeed(leased.find(({ id }) => id === good)!);
      await world.advance(60_000);
      await world.exhaust(leased.find(({ id }) => id === bad)!);
      const { lastDeliveredAt, lastFailedAt } = await world.store.stats({ where: {} });
      assert.equal(lastDeliveredAt, (await world.attempts(good!))[0]!.startedAt);
      assert.equal(lastFailedAt, (await world.attempts(bad!))[0]!.startedAt);
    },
  },
  {
    name: 'counts attempts by endpoint, tenant and time of their start',
    async run(world) {
      await world.append([world.entry([world.delivery('ep_1'), world.delivery('ep_2')], { tenant: 'acme' })]);
      await world.succeed(...(await world.claim()).leased);
      await world.advance(300_000);
      const late = await world.emitOne('ep_1');
      await world.succeed(await world.claimOne());
      // Far enough from both, for stores that count by whole minutes.
      const since = (await world.attempts(late))[0]!.startedAt - 120_000;
      const delivered = async (where: Parameters<typeof world.store.stats>[0]['where']): Promise<number> =>
        (await world.store.stats({ where })).attempts.delivered;
      assert.equal(await delivered({ endpointId: 'ep_1' }), 2);
      assert.equal(await delivered({ tenant: 'acme' }), 2);
      assert.equal(await delivered({ since }), 1);
      assert.equal(await delivered({ until: since }), 2);
      assert.equal(await delivered({ endpointId: 'unknown' }), 0);
    },
  },
  {
    name: 'counts attempts by stretches of time, those without any left out',
    async run(world) {
      await world.emit(['ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      await conclude(world, leased[0]!, { delivered: true, answered: true, durationMs: 40 });
      await conclude(world, leased[1]!, { delivered: false, answered: false, durationMs: 40 });
      const since = (await world.attempts(leased[0]!.id))[0]!.startedAt - 90_000;
      await world.advance(1_200_000);
      await conclude(world, leased[2]!, { delivered: true, answered: true, durationMs: 90 });
      const last = (await world.attempts(leased[2]!.id))[0]!.startedAt;
      const { buckets } = await world.store.stats({ where: { since }, bucketMs: 300_000 });
      const firstAt = Math.floor(since / 60_000) * 60_000;
      const lastAt = firstAt + Math.floor((last - firstAt) / 300_000) * 300_000;
      assert.deepEqual(buckets, [
        { startAt: firstAt, delivered: 1, failed: 1, latency: latencyOf(40) },
        { startAt: lastAt, delivered: 1, failed: 0, latency: latencyOf(90) },
      ]);
    },
  },
  {
    name: 'counts neither deliveries nor attempts of test messages',
    async run(world) {
      const test = world.entry([world.delivery('ep', { lease: 'token' })], { test: true });
      const [result] = await world.append([test]);
      assert.equal(result?.kind, 'stored');
      await world.succeed(result.leased[0]!);
      const { byState, attempts, lastDeliveredAt } = await world.store.stats({ where: {} });
      assert.deepEqual([byState, attempts, lastDeliveredAt], [NONE, NO_ATTEMPTS, undefined]);
    },
  },
  {
    name: 'adds up the lanes of endpoints over their lifetime',
    async run(world) {
      const one = await world.putEndpoint();
      const other = await world.putEndpoint({ tenant: 'acme' });
      await world.emit([one.id, one.id]);
      await world.append([world.entry([world.delivery(other.id)], { tenant: 'acme' })]);
      const { leased } = await world.claim();
      const [first, second] = leased.filter(({ endpointId }) => endpointId === one.id);
      await world.succeed(
        first!,
        leased.find(({ endpointId }) => endpointId === other.id)!,
      );
      await world.exhaust(second!);
      await world.advance(60_000);
      await world.store.prune({ retention: { succeededMs: 0, unsuccessfulMs: 0 }, budgetMs: 60_000 });
      const lifetime = async (where: Parameters<typeof world.store.stats>[0]['where']): Promise<number[]> => {
        const { succeeded, failed } = (await world.store.stats({ where })).lifetime;
        return [succeeded, failed];
      };
      assert.deepEqual(await lifetime({}), [2, 1]);
      assert.deepEqual(await lifetime({ tenant: 'acme' }), [1, 0]);
      assert.deepEqual(await lifetime({ endpointId: one.id, until: 1 }), [1, 1]);
      const { lastTriggeredAt } = await world.store.getLane({ laneId: one.id });
      assert.ok(lastTriggeredAt !== undefined);
      const { lifetime: own } = await world.store.stats({ where: { endpointId: one.id } });
      assert.equal(own.lastTriggeredAt, lastTriggeredAt);
    },
  },
];
