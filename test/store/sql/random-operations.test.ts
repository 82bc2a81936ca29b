import { describe, expect, it } from 'vitest';
import { laneLimitsOf } from '../../../src/core/endpoint.ts';
import type { DeliveryEvent } from '../../../src/core/transition.ts';
import { toAppendResults } from '../../../src/store/sql/append-results.ts';
import type { LeasedDelivery } from '../../../src/store/store.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { findBrokenInvariants } from '../../support/sql-invariants.ts';
import { putting } from './endpoint-fixtures.ts';
import { batch, claiming, delivery, entry, LEASE_MS, leaseOf, nextId, settlement } from './fixtures.ts';

const ENDPOINTS = ['ep_1', 'ep_2', 'ep_3', 'ep_4'];
const CALLERS = 3;
const ROUNDS = 16;
const CALLS = 8;

/** Numbers that look random and are the same each time. */
function createDraw(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Callers that share what they have leased, and do now one thing, now another, with the same few lanes. */
class Callers {
  readonly #database: TestDatabase;
  readonly #draw: (below: number) => number;
  #held: LeasedDelivery[] = [];
  readonly counts: { settled: number; lost: number; leased: number } = { settled: 0, lost: 0, leased: 0 };

  constructor(database: TestDatabase, draw: (below: number) => number) {
    this.#database = database;
    this.#draw = draw;
  }

  async call(): Promise<void> {
    const draw = this.#draw(13);
    if (draw < 4) await this.#append();
    else if (draw < 6) await this.#claim();
    else if (draw < 9) await this.#settle();
    else if (draw < 10) await this.#renewOrRelease();
    else if (draw < 11) await this.#changeLane();
    else if (draw < 12) await this.#reschedule();
    else await this.#database.clock.advance(this.#draw(20) === 0 ? LEASE_MS + 1 : 500);
  }

  async claimAll(): Promise<void> {
    for (let last = -1; last < this.counts.leased;) {
      last = this.counts.leased;
      await this.#claim();
    }
  }

  /** Some lanes may have so many leases from now on, others any number. While nobody else does anything: what is being stored is not counted. */
  async changeLimits(): Promise<void> {
    for (const id of ENDPOINTS) {
      const maxConcurrencyTotal = ([false, 1, 3] as const)[this.#draw(3)]!;
      const known = await this.#database.call('getEndpoint', { id });
      const limits = laneLimitsOf({ maxConcurrencyTotal });
      const put = putting({ id, limits, expectedRevision: known?.revision ?? 0 });
      expect((await this.#database.call('putEndpoint', put)).kind).toBe('stored');
    }
  }

  async #append(): Promise<void> {
    const entries = Array.from({ length: 1 + this.#draw(5) }, () => {
      const endpoints = ENDPOINTS.filter(() => this.#draw(2) === 0);
      const deliveries = endpoints.map((id) =>
        delivery(id, {
          orderingKey: this.#draw(2) === 0 ? `key_${this.#draw(3)}` : undefined,
          lease: this.#draw(2) === 0 ? nextId('lease') : undefined,
        }),
      );
      return entry(deliveries, { test: this.#draw(10) === 0 });
    });
    const results = toAppendResults(entries, await this.#database.call('append', batch(entries)));
    for (const result of results) if (result.kind === 'stored') this.#hold(result.leased);
  }

  async #claim(): Promise<void> {
    const { leased } = await this.#database.call('claimDue', claiming({ limit: 1 + this.#draw(20) }));
    this.#hold(leased);
  }

  async #settle(): Promise<void> {
    const settlements = this.#some().map((leased) => settlement(leased, this.#outcome()));
    const results = await this.#database.call('settle', { settlements });
    for (const { kind } of results) this.counts[kind] += 1;
  }

  async #renewOrRelease(): Promise<void> {
    if (this.#draw(2) === 0) {
      await this.#database.call('release', { leases: this.#some().map(leaseOf) });
    } else {
      const leases = this.#held.slice(0, 10).map(leaseOf);
      await this.#database.call('renew', { leases, leaseMs: LEASE_MS });
    }
  }

  async #changeLane(): Promise<void> {
    const laneId = this.#endpoint();
    const change =
      this.#draw(2) === 0 ? { paused: this.#draw(2) === 0 } : { blockForMs: this.#draw(2) * 3_000 };
    await this.#database.call('putLane', { laneId, ...change });
  }

  async #reschedule(): Promise<void> {
    const event: DeliveryEvent =
      this.#draw(2) === 0 ? { kind: 'retry_requested' } : { kind: 'discard_requested', reason: 'cancelled' };
    const where = { endpointId: this.#endpoint() };
    await this.#database.call('reschedule', { where, event, limit: 5, after: undefined });
  }

  #hold(leased: readonly LeasedDelivery[]): void {
    this.#held.push(...leased);
    this.counts.leased += leased.length;
  }

  #some(): readonly LeasedDelivery[] {
    return this.#held.splice(0, 1 + this.#draw(15));
  }

  #outcome(): DeliveryEvent {
    const failed = { kind: 'endpoint_failed', reason: 'timeout' } as const;
    const outcomes: readonly DeliveryEvent[] = [
      { kind: 'succeeded' },
      { kind: 'interrupted' },
      { ...failed, next: { kind: 'retry', delayMs: this.#draw(3) * 1_000 } },
      { ...failed, next: { kind: 'stop' } },
    ];
    return outcomes[this.#draw(outcomes.length)]!;
  }

  #endpoint(): string {
    return ENDPOINTS[this.#draw(ENDPOINTS.length)]!;
  }
}

describe.each(sqlDatabases())('random operations on $name', ({ create }) => {
  it('never block each other for good, and leave all rows in order', async () => {
    const database = await create();
    const callers = new Callers(database, createDraw(7));
    for (let round = 0; round < ROUNDS; round += 1) {
      const caller = async (): Promise<void> => {
        // Nothing is repeated here: a deadlock would be an error.
        for (let call = 0; call < CALLS; call += 1) await callers.call();
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      expect(await findBrokenInvariants(database)).toEqual([]);
      if (round % 3 === 1) await callers.changeLimits();
      // Every other round begins with lanes in which nothing is due.
      if (round % 2 === 0) await callers.claimAll();
    }
    expect(callers.counts.settled).toBeGreaterThan(100);
    await database.close();
  }, 30_000);
});
