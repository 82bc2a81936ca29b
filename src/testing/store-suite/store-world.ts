import assert from 'node:assert/strict';
import type { Attempt, Delivery } from '../../core/delivery.ts';
import { type EndpointRecord, laneIdOf } from '../../core/endpoint.ts';
import type { DeliveryEvent } from '../../core/transition.ts';
import { transition } from '../../core/transition.ts';
import type {
  AppendEntry,
  AppendParams,
  AppendResult,
  ClaimParams,
  ClaimResult,
  Lease,
  LeasedDelivery,
  NewAttempt,
  NewDelivery,
  NewMessage,
  Retention,
  Settlement,
  SettleResult,
  Store,
} from '../../store/store.ts';
import type { ManualClock } from '../manual-clock.ts';
import type { StoreHandle } from './store-handle.ts';

/** Length of the leases that the cases take. */
export const LEASE_MS = 60_000;

/** Retention that removes whatever is finished. */
export const NOTHING_IS_KEPT: Retention = { succeededMs: 0, unsuccessfulMs: 0 };

const LIMITS = { maxRescues: 5, maxFaults: 5, faultDelayMs: 1_000 };

/** What a case works with: a store, its time, and short ways to fill and empty it. Ids are unique within a world. */
export class StoreWorld {
  readonly store: Store;
  readonly handle: StoreHandle;
  readonly #clock: ManualClock;
  #second: Store | undefined;
  #created = 0;

  constructor(handle: StoreHandle, clock: ManualClock) {
    this.handle = handle;
    this.store = handle.store;
    this.#clock = clock;
  }

  async open(): Promise<void> {
    await this.store.open({ clock: this.#clock });
  }

  async close(): Promise<void> {
    await this.#second?.close();
    await this.store.close();
    await this.handle.close?.();
  }

  /** The other handle on the same data; the same one, where a store has no second. */
  async second(): Promise<Store> {
    if (this.handle.second === undefined) return this.store;
    if (this.#second === undefined) {
      this.#second = await this.handle.second();
      await this.#second.open({ clock: this.#clock });
    }
    return this.#second;
  }

  async advance(ms: number): Promise<void> {
    await (this.handle.advance === undefined ? this.#clock.advance(ms) : this.handle.advance(ms));
  }

  id(prefix: string): string {
    this.#created += 1;
    return `${prefix}_${this.#created}`;
  }

  message(overrides: Partial<NewMessage> = {}): NewMessage {
    return {
      id: this.id('msg'),
      tenant: 'default',
      type: 'job.completed',
      dataJson: '{"jobId":"42"}',
      timestamp: 1_767_225_600_000,
      idempotencyKey: undefined,
      orderingKey: undefined,
      metadata: undefined,
      trace: undefined,
      addressed: false,
      test: false,
      fingerprint: undefined,
      ...overrides,
    };
  }

  /** A delivery that is scheduled and not leased, unless said otherwise. */
  delivery(endpointId: string, overrides: Partial<NewDelivery> = {}): NewDelivery {
    const lease = undefined;
    const orderingKey = undefined;
    return {
      id: this.id('dlv'),
      endpointId,
      laneId: endpointId,
      state: 'scheduled',
      reason: undefined,
      lease,
      orderingKey,
      ...overrides,
    };
  }

  /** A matched message with its deliveries. */
  entry(deliveries: readonly NewDelivery[], message: Partial<NewMessage> = {}): AppendEntry {
    return { message: this.message(message), deliveries, fannedOut: true };
  }

  append(
    entries: readonly AppendEntry[],
    overrides: Partial<AppendParams> = {},
  ): Promise<readonly AppendResult[]> {
    return this.store.append({
      entries,
      hiddenEndpoints: [],
      owner: 'suite',
      leaseMs: LEASE_MS,
      idempotencyWindowMs: Infinity,
      ...overrides,
    });
  }

  /** Stores one message per endpoint named, in order; the ids of their deliveries. */
  async emit(endpointIds: readonly string[], delivery: Partial<NewDelivery> = {}): Promise<string[]> {
    const entries = endpointIds.map((endpointId) => this.entry([this.delivery(endpointId, delivery)]));
    for (const result of await this.append(entries)) assert.equal(result.kind, 'stored');
    return entries.map((entry) => entry.deliveries[0]!.id);
  }

  /** Stores one message for an endpoint; the id of its delivery. */
  async emitOne(endpointId: string, delivery: Partial<NewDelivery> = {}): Promise<string> {
    return (await this.emit([endpointId], delivery))[0]!;
  }

  claim(overrides: Partial<ClaimParams> = {}, store: Store = this.store): Promise<ClaimResult> {
    return store.claimDue({
      limit: 100,
      leaseMs: LEASE_MS,
      owner: 'suite',
      lease: this.id('lease'),
      perLane: 100,
      freeSlots: new Map(),
      maxRescues: 5,
      ...overrides,
    });
  }

  /** Claims what is due and says which deliveries that was. */
  async claimIds(overrides: Partial<ClaimParams> = {}): Promise<string[]> {
    return (await this.claim(overrides)).leased.map(({ id }) => id);
  }

  /** Claims and expects exactly one delivery. */
  async claimOne(overrides: Partial<ClaimParams> = {}): Promise<LeasedDelivery> {
    const { leased } = await this.claim(overrides);
    assert.equal(leased.length, 1);
    return leased[0]!;
  }

  settlement(leased: LeasedDelivery, event: DeliveryEvent, attempt: Partial<NewAttempt> = {}): Settlement {
    const next = transition({ ...leased, state: 'sending' }, event, LIMITS);
    assert.ok(next !== undefined);
    const outcome = event.kind === 'succeeded' ? 'delivered' : (event.kind as NewAttempt['outcome']);
    const reason = 'reason' in event ? (event.reason as NewAttempt['reason']) : undefined;
    return {
      ...leaseOf(leased),
      transition: next,
      attempt: {
        outcome,
        reason,
        detail: undefined,
        attempt: leased.attempts,
        durationMs: 20,
        response: undefined,
        traceparent: undefined,
        ...attempt,
      },
    };
  }

  async settle(leased: LeasedDelivery, event: DeliveryEvent): Promise<SettleResult> {
    const [result] = await this.store.settle({ settlements: [this.settlement(leased, event)] });
    assert.ok(result !== undefined);
    return result;
  }

  async succeed(...leased: readonly LeasedDelivery[]): Promise<void> {
    for (const one of leased) assert.equal((await this.settle(one, { kind: 'succeeded' })).kind, 'settled');
  }

  /** An attempt fails and is to be repeated after `delayMs`. */
  retryIn(leased: LeasedDelivery, delayMs: number): Promise<SettleResult> {
    return this.settle(leased, {
      kind: 'endpoint_failed',
      reason: 'timeout',
      next: { kind: 'retry', delayMs },
    });
  }

  /** The last attempt fails. */
  exhaust(leased: LeasedDelivery): Promise<SettleResult> {
    return this.settle(leased, { kind: 'endpoint_failed', reason: 'timeout', next: { kind: 'stop' } });
  }

  async read(deliveryId: string): Promise<Delivery> {
    const delivery = await this.store.getDelivery({ id: deliveryId });
    assert.ok(delivery !== undefined, `delivery ${deliveryId} is stored`);
    return delivery;
  }

  /** The attempt log of a delivery, newest first. */
  async attempts(deliveryId: string): Promise<readonly Attempt[]> {
    return (await this.store.list({ of: 'attempts', where: { deliveryId }, limit: 100 })).items;
  }

  endpoint(overrides: Partial<EndpointRecord> = {}): EndpointRecord {
    return {
      id: this.id('ep'),
      tenant: 'default',
      url: 'https://example.com/hooks',
      events: ['*'],
      secrets: [],
      status: 'enabled',
      createdAt: 0,
      updatedAt: 0,
      revision: 0,
      ...overrides,
    };
  }

  /** The record of a hidden endpoint. */
  hiddenEndpoint(overrides: Partial<EndpointRecord> = {}): EndpointRecord {
    return this.endpoint({ events: [], hidden: true, lane: 'lane', ...overrides });
  }

  /** A matched message for hidden endpoints, one delivery each. They are stored by {@link appendHidden}. */
  hiddenEntry(
    records: readonly EndpointRecord[],
    delivery: Partial<NewDelivery> = {},
    message: Partial<NewMessage> = {},
  ): AppendEntry {
    const deliveries = records.map((record) =>
      this.delivery(record.id, { laneId: laneIdOf(record), ...delivery }),
    );
    return this.entry(deliveries, message);
  }

  /** Stores hidden endpoints, with a message for all of them. */
  async appendHidden(
    records: readonly EndpointRecord[],
    delivery: Partial<NewDelivery> = {},
    message: Partial<NewMessage> = {},
  ): Promise<AppendResult> {
    const entry = this.hiddenEntry(records, delivery, message);
    const [result] = await this.append([entry], { hiddenEndpoints: records });
    assert.ok(result !== undefined);
    return result;
  }

  /** Removes all messages that are finished, in as many passes as it takes, and what only the next pass removes. */
  async pruneAll(): Promise<void> {
    for (let more = true, passes = 0; more || passes < 2; passes += 1)
      ({ more } = await this.store.prune({ retention: NOTHING_IS_KEPT, budgetMs: 60_000 }));
  }

  /** Stores an endpoint; its record as stored. */
  async putEndpoint(overrides: Partial<EndpointRecord> = {}): Promise<EndpointRecord> {
    const result = await this.store.endpoints.put({ record: this.endpoint(overrides), expectedRevision: 0 });
    assert.equal(result.kind, 'stored');
    return result.record;
  }
}

/** What proves the right to work on a delivery. */
export function leaseOf({ id, lease, ordered }: LeasedDelivery): Lease {
  return { deliveryId: id, lease, ordered };
}

/** Stores with a clock of their own lose some time between two calls. */
const TOLERANCE_MS = 5_000;

/** Asserts a duration that has been running for a moment. */
export function assertAbout(actual: number | undefined, expected: number): void {
  assert.ok(
    actual !== undefined && actual <= expected && actual > expected - TOLERANCE_MS,
    `expected about ${expected} ms, got ${actual}`,
  );
}
