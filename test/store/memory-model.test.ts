import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/core/delivery.ts';
import { isFinalState } from '../../src/core/delivery.ts';
import type { DeliveryEvent } from '../../src/core/transition.ts';
import type { LeasedDelivery } from '../../src/store/store.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { leaseOf, StoreWorld } from '../../src/testing/store-suite/store-world.ts';

const ENDPOINTS = ['ep_1', 'ep_2', 'ep_3', 'ep_4'];
/** The last two share a lane. */
const laneOf = (endpointId: string): string => (endpointId < 'ep_3' ? endpointId : 'lane');
const LEASE_MS = 1_000;

/** What a plain reading of the contract says about the store's rows; quadratic and without any index. */
class Oracle {
  readonly clock = createManualClock({ startAt: 1_000_000 });
  readonly store = memoryStore();
  readonly world = new StoreWorld({ store: this.store, close: async () => undefined }, this.clock);
  /** In the order of creation. */
  readonly #created: { id: string; endpointId: string; key: string | undefined }[] = [];
  readonly held = new Map<string, { leased: LeasedDelivery; until: number }>();

  async emit(endpointId: string, key: string | undefined, wantsLease: boolean): Promise<void> {
    const isOpen = await this.isOpen(endpointId);
    const lease = wantsLease ? this.world.id('lease') : undefined;
    const delivery = this.world.delivery(endpointId, {
      laneId: laneOf(endpointId),
      lease,
      orderingKey: key,
    });
    const [result] = await this.world.append([this.world.entry([delivery])], { leaseMs: LEASE_MS });
    expect(result).toMatchObject({ kind: 'stored' });
    const leased = result?.kind === 'stored' ? result.leased : [];
    expect(leased.length).toBe(wantsLease && isOpen && key === undefined ? 1 : 0);
    this.#created.push({ id: delivery.id, endpointId, key });
    for (const one of leased) this.held.set(one.id, { leased: one, until: this.clock.now() + LEASE_MS });
  }

  /** Claims without limits: exactly what may be claimed is claimed, and the next time is right. */
  async claim(): Promise<void> {
    const now = this.clock.now();
    const expired = [...this.held].filter(([, { until }]) => until <= now).map(([id]) => id);
    const { leased, rescued, nextDueMs } = await this.world.claim({
      limit: 1_000,
      perLane: 1_000,
      leaseMs: LEASE_MS,
      maxRescues: Infinity,
    });
    expect(rescued.map(({ id }) => id).sort()).toEqual(expired.sort());
    for (const id of expired) this.held.delete(id);
    // Rows as they were between the rescue and the claim.
    const fresh = new Set(leased.map(({ id }) => id));
    const rows = (await this.rows()).map((row) =>
      fresh.has(row.id) ? { ...row, state: 'scheduled' as const } : row,
    );
    const claimable: string[] = [];
    for (const row of rows)
      if (row.dueAt <= now && (await this.isEligible(row, rows))) claimable.push(row.id);
    expect([...fresh].sort()).toEqual(claimable.sort());
    for (const one of leased) this.held.set(one.id, { leased: one, until: now + LEASE_MS });
    expect(nextDueMs).toBe(await this.nextDueMs(now));
  }

  async nextDueMs(now: number): Promise<number | undefined> {
    const times = [...this.held.values()].map(({ until }) => until);
    const rows = await this.rows();
    for (const row of rows) {
      const { paused, blockedUntil = 0 } = await this.store.getLane({ laneId: laneOf(row.endpointId) });
      if (!paused && this.isFirst(row, rows)) times.push(Math.max(row.dueAt, blockedUntil));
    }
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now);
  }

  async rows(): Promise<readonly Delivery[]> {
    return (await this.store.list({ of: 'deliveries', where: {}, limit: 1_000 })).items;
  }

  async isOpen(endpointId: string): Promise<boolean> {
    const { paused, blockedUntil = 0 } = await this.store.getLane({ laneId: laneOf(endpointId) });
    return !paused && blockedUntil <= this.clock.now();
  }

  async isEligible(row: Delivery, rows: readonly Delivery[]): Promise<boolean> {
    return (await this.isOpen(row.endpointId)) && this.isFirst(row, rows);
  }

  /** Scheduled, and nothing of its ordering key stands before it or is leased. */
  isFirst(row: Delivery, rows: readonly Delivery[]): boolean {
    if (row.state !== 'scheduled') return false;
    const index = this.#created.findIndex(({ id }) => id === row.id);
    const { endpointId, key } = this.#created[index]!;
    if (key === undefined) return true;
    return !rows.some((other) => {
      const place = this.#created.findIndex(({ id }) => id === other.id);
      return (
        this.sameKey(other.id, endpointId, key) &&
        (other.state === 'sending' || (place < index && !isFinalState(other.state)))
      );
    });
  }

  sameKey(id: string, endpointId: string, key: string): boolean {
    return this.#created.some((one) => one.id === id && one.endpointId === endpointId && one.key === key);
  }

  /** One of the leases, by a number from the generator. */
  async conclude(pick: number, event: DeliveryEvent): Promise<void> {
    const id = [...this.held.keys()][pick % Math.max(1, this.held.size)];
    if (id === undefined) return;
    const { leased } = this.held.get(id)!;
    this.held.delete(id);
    if (event.kind === 'released') await this.store.release({ leases: [leaseOf(leased)] });
    else expect((await this.world.settle(leased, event)).kind).toBe('settled');
  }

  async reschedule(pick: number, to: 'scheduled' | 'discarded'): Promise<void> {
    const one = this.#created[pick % Math.max(1, this.#created.length)];
    if (one === undefined) return;
    await this.store.reschedule({ where: { deliveryIds: [one.id] }, to, reason: 'cancelled', limit: 1 });
  }
}

type Step = (oracle: Oracle) => Promise<unknown>;

const endpoint = fc.constantFrom(...ENDPOINTS);
const pick = fc.nat(50);
const event: fc.Arbitrary<DeliveryEvent> = fc.oneof(
  fc.constant<DeliveryEvent>({ kind: 'succeeded' }),
  fc.constant<DeliveryEvent>({ kind: 'interrupted' }),
  fc.constant<DeliveryEvent>({ kind: 'released' }),
  fc.nat(2_000).map<DeliveryEvent>((delayMs) => ({
    kind: 'endpoint_failed',
    reason: 'timeout',
    next: { kind: 'retry', delayMs },
  })),
  fc.constant<DeliveryEvent>({ kind: 'endpoint_failed', reason: 'timeout', next: { kind: 'stop' } }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(endpoint, fc.constantFrom(undefined, undefined, 'a', 'b'), fc.boolean()).map<Step>(
    ([id, key, lease]) =>
      (oracle) =>
        oracle.emit(id, key, lease),
  ),
  fc.constant<Step>((oracle) => oracle.claim()),
  fc.tuple(pick, event).map<Step>(
    ([number, outcome]) =>
      (oracle) =>
        oracle.conclude(number, outcome),
  ),
  fc.tuple(pick, fc.constantFrom('scheduled' as const, 'discarded' as const)).map<Step>(
    ([number, to]) =>
      (oracle) =>
        oracle.reschedule(number, to),
  ),
  fc.tuple(endpoint, fc.boolean()).map<Step>(
    ([endpointId, paused]) =>
      ({ store }) =>
        store.putLane({ laneId: laneOf(endpointId), paused }),
  ),
  fc.tuple(endpoint, fc.constantFrom(0, 300, 1_500)).map<Step>(
    ([endpointId, blockForMs]) =>
      ({ store }) =>
        store.putLane({ laneId: laneOf(endpointId), blockForMs }),
  ),
  fc.constantFrom(1, 200, 700, LEASE_MS).map<Step>(
    (ms) =>
      async ({ clock }) =>
        clock.set(clock.now() + ms),
  ),
);

describe('memoryStore', () => {
  it('claims what a plain reading of its rows says, after any history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const oracle = new Oracle();
        await oracle.world.open();
        for (const act of steps) await act(oracle);
        await oracle.claim();
      }),
      { numRuns: 150 },
    );
  });

  it('serves everything in the end, whatever the limits of the claims', async () => {
    const size = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(endpoint, fc.constantFrom(undefined, 'a')), { maxLength: 60, size: 'max' }),
        size,
        size,
        async (owed, limit, perLane) => {
          const oracle = new Oracle();
          await oracle.world.open();
          for (const [id, key] of owed) await oracle.emit(id, key, false);
          let served = 0;
          for (;;) {
            const { leased, nextDueMs, nextOpenMs } = await oracle.world.claim({ limit, perLane });
            expect(leased.length).toBeLessThanOrEqual(limit);
            await oracle.world.succeed(...leased);
            served += leased.length;
            if (leased.length === 0) {
              expect([nextDueMs, nextOpenMs]).toEqual([undefined, undefined]);
              break;
            }
          }
          expect(served).toBe(owed.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
