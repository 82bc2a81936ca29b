import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeliveryEvent } from '../../../src/core/transition.ts';
import type { OwnedStore } from '../../../src/store/file/owned-store.ts';
import { memoryStore } from '../../../src/store/memory/memory-store.ts';
import type { LeasedDelivery, Store } from '../../../src/store/store.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../src/testing/store-suite/store-world.ts';
import { snapshot } from './snapshot.ts';
import { startOwned } from './owned-world.ts';

const ENDPOINTS = ['ep_1', 'ep_2', 'ep_3'];
const LEASE_MS = 1_000;

/** The memory store and a file store, under the same calls. What they answer must be the same. */
class Pair {
  readonly clock = createManualClock({ startAt: 1_000_000 });
  readonly memory = memoryStore();
  /** Makes ids and params, one for both. */
  readonly world = new StoreWorld({ store: this.memory, close: async () => undefined }, this.clock);
  readonly directory = mkdtempSync(join(tmpdir(), 'posthorn-model-'));
  readonly held = new Map<string, LeasedDelivery>();
  file!: OwnedStore;

  async open(): Promise<void> {
    await this.world.open();
    this.file = await this.#start();
  }

  async both<T>(call: (store: Store) => Promise<T>): Promise<T> {
    const [expected, actual] = await Promise.all([call(this.memory), call(this.file)]);
    expect(actual).toEqual(expected);
    return actual;
  }

  /** The file store is opened again, after it was closed or while it is still there: as after a crash. */
  async reopen(isCrash: boolean): Promise<void> {
    if (!isCrash) await this.file.close();
    const before = this.file;
    this.file = await this.#start();
    if (isCrash) await before.close().catch(() => undefined);
  }

  async check(): Promise<void> {
    await this.both(async (store) => {
      const all = await snapshot(store);
      // Of leases that end in the same moment, any may be rescued, and logged, first.
      const attempts = (all['attempts'] as object[]).map((attempt) => JSON.stringify(attempt)).sort();
      return { ...all, attempts };
    });
    for (const laneId of ENDPOINTS) await this.both((store) => store.getLane({ laneId }));
  }

  async close(): Promise<void> {
    await this.file.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** One of the leases, by a number from the generator. */
  pick(number: number): LeasedDelivery | undefined {
    return [...this.held.values()][number % Math.max(1, this.held.size)];
  }

  #start(): Promise<OwnedStore> {
    return startOwned(this.directory, { clock: this.clock, segmentBytes: 3_000, fsync: false });
  }
}

type Step = (pair: Pair) => Promise<unknown>;

const endpoint = fc.constantFrom(...ENDPOINTS);
const number = fc.nat(50);

const append: fc.Arbitrary<Step> = fc
  .record({
    endpointId: endpoint,
    orderingKey: fc.constantFrom(undefined, undefined, 'a', 'b'),
    wantsLease: fc.boolean(),
    fannedOut: fc.boolean(),
    test: fc.constantFrom(false, false, true),
    idempotencyKey: fc.constantFrom(undefined, undefined, undefined, 'key'),
    isHidden: fc.constantFrom(false, false, true),
  })
  .map((choice) => async (pair) => {
    const { world } = pair;
    const { endpointId, orderingKey, wantsLease, isHidden } = choice;
    const hidden = isHidden ? [world.hiddenEndpoint({ id: world.id('hidden') })] : [];
    const lease = wantsLease ? world.id('lease') : undefined;
    const deliveries = choice.fannedOut ? [world.delivery(endpointId, { orderingKey, lease })] : [];
    for (const { id } of hidden) deliveries.push(world.delivery(id, { laneId: 'lane' }));
    const message = {
      test: choice.test,
      idempotencyKey: choice.idempotencyKey,
      dataJson: JSON.stringify({ id: world.id('data') }),
      metadata: { of: endpointId },
    };
    const entry = { ...world.entry(deliveries, message), fannedOut: choice.fannedOut || isHidden };
    const params = {
      entries: [entry],
      hiddenEndpoints: hidden,
      owner: 'suite',
      leaseMs: LEASE_MS,
      idempotencyWindowMs: 5_000,
    };
    const [result] = await pair.both((store) => store.append(params));
    if (result?.kind === 'stored') for (const one of result.leased) pair.held.set(one.id, one);
  });

const claim: Step = async (pair) => {
  const lease = pair.world.id('claim');
  const { leased, rescued } = await pair.both(async (store) => {
    const result = await pair.world.claim({ limit: 1_000, perLane: 1_000, leaseMs: LEASE_MS, lease }, store);
    // Whose turn it is, a store that was opened again does not know.
    return {
      ...result,
      leased: [...result.leased].sort((a, b) => (a.id < b.id ? -1 : 1)),
      rescued: [...result.rescued].sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
  });
  for (const { id } of rescued) pair.held.delete(id);
  for (const one of leased) pair.held.set(one.id, one);
};

const fanOut: Step = async (pair) => {
  const lease = pair.world.id('fan');
  const { claims } = await pair.both((store) => store.claimFanOut({ limit: 2, leaseMs: 0, lease }));
  const results = claims.map(({ message }) => ({
    messageId: message.id,
    lease,
    deliveries: [
      pair.world.delivery('ep_2'),
      pair.world.delivery('ep_3', { state: 'discarded', reason: 'endpoint_disabled' }),
    ],
  }));
  await pair.both((store) => store.completeFanOut({ results }));
};

const event: fc.Arbitrary<DeliveryEvent> = fc.oneof(
  fc.constant<DeliveryEvent>({ kind: 'succeeded' }),
  fc.constant<DeliveryEvent>({ kind: 'interrupted' }),
  fc.nat(2_000).map<DeliveryEvent>((delayMs) => ({
    kind: 'endpoint_failed',
    reason: 'timeout',
    next: { kind: 'retry', delayMs },
  })),
  fc.constant<DeliveryEvent>({ kind: 'endpoint_failed', reason: 'timeout', next: { kind: 'stop' } }),
);

const conclude: fc.Arbitrary<Step> = fc
  .tuple(number, event, fc.constantFrom('settle', 'release', 'renew'))
  .map(([chosen, outcome, how]) => async (pair) => {
    const leased = pair.pick(chosen);
    if (leased === undefined) return;
    const { id: deliveryId, lease: token, ordered } = leased;
    const lease = { deliveryId, lease: token, ordered };
    if (how === 'renew') {
      await pair.both((store) => store.renew({ leases: [lease], leaseMs: 3 * LEASE_MS }));
      return;
    }
    pair.held.delete(leased.id);
    const settlement = pair.world.settlement(leased, outcome, { detail: `for ${leased.id}` });
    if (how === 'release') await pair.both((store) => store.release({ leases: [lease] }));
    else await pair.both((store) => store.settle({ settlements: [settlement] }));
  });

const change: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(
      endpoint,
      fc.constantFrom({ paused: true }, { paused: false }, { blockForMs: 0 }, { blockForMs: 700 }),
    )
    .map(
      ([laneId, lane]): Step =>
        (pair) =>
          pair.both((store) => store.putLane({ laneId, ...lane })),
    ),
  fc
    .tuple(
      endpoint,
      fc.constantFrom(false as const, { limit: 1, intervalMs: 500 }, { limit: 3, intervalMs: 2_000 }),
      fc.constantFrom(false as const, 1, 3),
    )
    .map(([id, rateLimit, maxConcurrencyTotal]): Step => async (pair) => {
      const current = await pair.both((store) => store.endpoints.get({ id }));
      const record = { ...pair.world.endpoint({ id }), rateLimit, maxConcurrencyTotal };
      const expectedRevision = current?.record.revision ?? 0;
      await pair.both((store) => store.endpoints.put({ record, expectedRevision }));
    }),
  endpoint.map(
    (id): Step =>
      (pair) =>
        pair.both((store) => store.endpoints.remove({ id })),
  ),
  fc.tuple(endpoint, fc.constantFrom('scheduled' as const, 'discarded' as const)).map(
    ([endpointId, to]): Step =>
      (pair) =>
        pair.both((store) => store.reschedule({ where: { endpointId }, to, reason: 'cancelled', limit: 3 })),
  ),
  fc.constantFrom(0, 1_500, Infinity).map(
    (succeededMs): Step =>
      (pair) =>
        pair.both((store) =>
          store.prune({ retention: { succeededMs, unsuccessfulMs: 3_000 }, budgetMs: 60_000 }),
        ),
  ),
  fc.constantFrom(undefined, 'one', 'two').map(
    (value): Step =>
      (pair) =>
        pair.both((store) => store.settings.put({ key: 'key', value })),
  ),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: append, weight: 5 },
  { arbitrary: fc.constant(claim), weight: 3 },
  { arbitrary: conclude, weight: 4 },
  { arbitrary: change, weight: 3 },
  { arbitrary: fc.constant(fanOut), weight: 1 },
  {
    arbitrary: fc.constantFrom(1, 200, 700, LEASE_MS).map(
      (ms): Step =>
        async ({ clock }) =>
          clock.set(clock.now() + ms),
    ),
    weight: 2,
  },
  {
    arbitrary: fc.boolean().map(
      (isCrash): Step =>
        (pair) =>
          pair.reopen(isCrash),
    ),
    weight: 2,
  },
);

describe('file store', () => {
  it('answers as the memory store does, however often it is opened again', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), async (steps) => {
        const pair = new Pair();
        await pair.open();
        try {
          for (const act of steps) await act(pair);
          await pair.check();
          await pair.reopen(true);
          await pair.check();
        } finally {
          await pair.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
