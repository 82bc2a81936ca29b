/** Which limits of an endpoint hold for each process, and which for all of them together: three real processes on one PostgreSQL. */
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import type { Endpoint } from '../../src/endpoints.ts';
import type { CountingReceiver } from '../support/counting-receiver.ts';
import type { StoreLocation } from '../support/open-store.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { createWorkshop, listDeliveries, type Workshop } from '../support/workers.ts';
import { until } from '../support/world.ts';

const NAMES = ['one', 'two', 'three'] as const;
const TIMEOUT_MS = 60_000;
/** Far longer than any test. */
const HOUR_MS = 3_600_000;
const LONG_LEASE = { dispatcher: { leaseMs: HOUR_MS } };

describe('three processes on one PostgreSQL', () => {
  it('share the rate limit of an endpoint', { timeout: TIMEOUT_MS }, async () => {
    await using workshop = await createWorkshop('postgres');
    const { receiver } = workshop;
    const workers = await workshop.start(NAMES, LONG_LEASE);
    const rateLimit = { limit: 9, intervalMs: HOUR_MS };
    const { id } = await createEndpoint(workshop, workers, { concurrency: 3, rateLimit });
    // With three slots each, nobody can take what is left for the others.
    receiver.judge(() => 'hold');
    await workers[0].call('emitMany', 60, 'load.test');
    await receiver.until(() => NAMES.every((name) => receiver.held(name) === 3), 'all slots are taken');
    receiver.release();
    await drainAll(workers);
    expect(receiver.arrivals).toHaveLength(9);

    // What was taken stays taken: a higher limit lets only the difference go.
    await workers[1].call('endpoints.update', id, { rateLimit: { limit: 14, intervalMs: HOUR_MS } });
    await receiver.until(() => receiver.answered.size === 14, 'the rest of the limit is used');
    await drainAll(workers);
    expect(receiver.arrivals).toHaveLength(14);
    expect(receiver.repeated).toEqual([]);
  });

  it('have the concurrency of an endpoint each', { timeout: TIMEOUT_MS }, async () => {
    await using workshop = await createWorkshop('postgres');
    const { receiver } = workshop;
    const workers = await workshop.start(NAMES, LONG_LEASE);
    await createEndpoint(workshop, workers, { concurrency: 4 });
    const most = watchHeld(receiver);
    receiver.judge(() => (most.note(), 'hold'));
    await workers[0].call('emitMany', 300, 'load.test');
    await receiver.until(() => NAMES.every((name) => receiver.held(name) === 4), 'all slots are taken');
    expect(receiver.held()).toBe(12);
    receiver.release();
    receiver.judge(() => (most.note(), 204));
    await receiver.until(() => receiver.answered.size === 300, 'all are delivered');
    expect(most.bySender()).toEqual({ one: 4, two: 4, three: 4 });
    expect(receiver.repeated).toEqual([]);
  });

  it(
    'share what may be in flight to an endpoint, which the concurrency of each would exceed',
    { timeout: TIMEOUT_MS },
    async () => {
      await using workshop = await createWorkshop('postgres');
      const { receiver, location } = workshop;
      const workers = await workshop.start(NAMES, LONG_LEASE);
      const { id } = await createEndpoint(workshop, workers, { concurrency: 4, maxConcurrencyTotal: 5 });
      const most = watchHeld(receiver);
      receiver.judge(() => (most.note(), 'hold'));
      await Promise.all(workers.map((worker) => worker.call('emitMany', 50, 'load.test')));
      await receiver.until(() => receiver.held() === 5, 'all that may be is in flight');
      expect(await leasesOf(location, id)).toEqual({ counted: 5, leased: 5 });
      // One by one: whoever ends one, somebody finds the next at once.
      for (let answered = 1; answered <= 20; answered += 1) {
        receiver.releaseOne();
        await receiver.until(
          () => receiver.held() === 5 && receiver.answered.size === answered,
          'another one',
        );
      }
      receiver.release();
      receiver.judge(() => (most.note(), 204));
      await receiver.until(() => receiver.answered.size === 150, 'all are delivered');
      await drainAll(workers);
      expect(most.total()).toBe(5);
      expect(Math.max(...Object.values(most.bySender()))).toBeLessThanOrEqual(4);
      expect(await leasesOf(location, id)).toEqual({ counted: 0, leased: 0 });
      expect(receiver.repeated).toEqual([]);
    },
  );

  it(
    'take over what was in flight in one that is killed, within what may be',
    { timeout: TIMEOUT_MS },
    async () => {
      await using workshop = await createWorkshop('postgres');
      const { receiver, location } = workshop;
      const short = { dispatcher: { leaseMs: 2_000, pollIntervalMs: 100 } };
      const [one] = await workshop.start(['one'], short);
      const { id } = await workshop.createEndpoint(one, { concurrency: 4, maxConcurrencyTotal: 3 });
      const most = watchHeld(receiver);
      receiver.judge(() => (most.note(), 'hold'));
      await one.call('emitMany', 30, 'load.test');
      await receiver.until(() => receiver.held('one') === 3, 'all leases are taken');
      const others = await workshop.start(['two', 'three'], short);
      await drainAll(others);
      expect(receiver.arrivals).toHaveLength(3);
      await one.kill();
      await receiver.until(() => receiver.held() === 3 && receiver.held('one') === 0, 'they are taken over');
      expect(await leasesOf(location, id)).toEqual({ counted: 3, leased: 3 });
      receiver.release();
      receiver.judge(() => (most.note(), 204));
      await receiver.until(() => receiver.answered.size === 30, 'all are delivered');
      await drainAll(others);
      expect(most.total()).toBe(3);
      expect(await leasesOf(location, id)).toEqual({ counted: 0, leased: 0 });
    },
  );

  it(
    'share a circuit breaker: one opens it for all, and one probe is in flight over all',
    { timeout: TIMEOUT_MS },
    async () => {
      await using workshop = await createWorkshop('postgres');
      const { receiver, location } = workshop;
      const breaker = { minAttempts: 5, openMs: HOUR_MS, maxOpenMs: 2 * HOUR_MS };
      const [one] = await workshop.start(['one'], LONG_LEASE);
      const { id } = await workshop.createEndpoint(one, { breaker, concurrency: 1, retry: { kind: 'once' } });
      const isOpen = async (worker: WorkerProcess): Promise<boolean> =>
        (await worker.call<Endpoint>('endpoints.get', id)).breakerOpen;
      receiver.judge(() => 500);
      await one.call('emitMany', 30, 'load.test');
      await one.call('drain');
      const untilOpen = receiver.arrivals.length;
      expect(untilOpen).toBeLessThan(30);

      const others = await workshop.start(['two', 'three'], LONG_LEASE);
      const workers = [one, ...others];
      for (const worker of others) await worker.call('emit', 'load.test', {});
      await drainAll(workers);
      expect(await Promise.all(workers.map(isOpen))).toEqual([true, true, true]);
      expect(receiver.arrivals).toHaveLength(untilOpen);

      // A probe that is not answered: the others have 20 deliveries that are due, and wait for it.
      receiver.judge(() => 'hold');
      await endBlock(location);
      const looks = workers.map((worker) => ({ name: worker.name, drained: worker.call('drain') }));
      await receiver.until(() => receiver.held() === 1, 'the probe is in flight');
      const prober = receiver.arrivals.at(-1)!.sender;
      await Promise.all(looks.filter(({ name }) => name !== prober).map(({ drained }) => drained));
      for (const worker of workers.filter(({ name }) => name !== prober)) {
        await worker.call('emit', 'load.test', {});
        await worker.call('drain');
      }
      expect(receiver.arrivals).toHaveLength(untilOpen + 1);
      receiver.release(500);
      receiver.judge(() => 500);
      await Promise.all(looks.map(({ drained }) => drained));
      await drainAll(workers);
      expect(await Promise.all(workers.map(isOpen))).toEqual([true, true, true]);
      expect(receiver.arrivals).toHaveLength(untilOpen + 1);

      // One that succeeds lets everything go, in all of them.
      receiver.judge(() => 204);
      await endBlock(location);
      await drainAll(workers);
      await receiver.until(() => receiver.answered.size === 34 - untilOpen - 1, 'the rest is delivered');
      await drainAll(workers);
      expect(await Promise.all(workers.map(isOpen))).toEqual([false, false, false]);
      expect(receiver.repeated).toEqual([]);
    },
  );

  it(
    'keep the order of an endpoint, also when one is killed at work, and when all are started anew',
    { timeout: TIMEOUT_MS },
    async () => {
      await using workshop = await createWorkshop('postgres');
      const { receiver } = workshop;
      const order = { dispatcher: { leaseMs: 2_000, pollIntervalMs: 100 } };
      const workers = await workshop.start(NAMES, order);
      await createEndpoint(workshop, workers, { ordering: 'fifo', concurrency: 5 });
      const inOrder: string[] = [];
      const most = watchHeld(receiver);
      receiver.judge(() => (most.note(), 'hold'));
      for (let round = 0; round < 10; round += 1)
        for (const worker of workers)
          inOrder.push((await worker.call<{ id: string }>('emit', 'load.test', {})).id);
      await receiver.until(() => receiver.held() === 1, 'the first is in flight');
      const sender = receiver.arrivals[0]!.sender;
      const left = workers.filter(({ name }) => name !== sender);
      await drainAll(left);
      expect(receiver.arrivals.map(({ id }) => id)).toEqual([inOrder[0]]);

      // Whoever takes it over sends the same one again, and nothing before.
      await workers.find(({ name }) => name === sender)!.kill();
      await receiver.until(() => receiver.arrivals.length === 2 && receiver.held() === 1, 'it is rescued');
      expect(receiver.arrivals[1]!.id).toBe(inOrder[0]);
      receiver.release();
      receiver.judge(({ id }) => (most.note(), id === inOrder[10] ? 'hold' : 204));
      await receiver.until(
        () => receiver.held() === 1 && receiver.answered.size === 10,
        'a third is delivered',
      );
      await Promise.all(left.map((worker) => worker.call('stop', { timeoutMs: 0 })));
      await receiver.until(() => receiver.held() === 0, 'its request is called off');
      receiver.judge(() => (most.note(), 204));
      const again = await workshop.start(['four', 'five'], order);
      await receiver.until(() => receiver.answered.size === 30, 'all are delivered');

      // Each comes after all before it were answered, the two that were called off twice in a row.
      const ids = receiver.arrivals.map(({ id }) => id);
      expect(ids).toEqual(inOrder.flatMap((id, index) => (index === 0 || index === 10 ? [id, id] : [id])));
      expect(most.total()).toBe(1);
      expect(receiver.repeated).toEqual([]);
      await drainAll(again);
      for (const delivery of await listDeliveries(again[0])) expect(delivery.state).toBe('succeeded');
    },
  );
});

/** The only endpoint, known to all of them: others hear of a new one a moment later, and what they emit before is not for it. */
async function createEndpoint(
  workshop: Workshop,
  workers: readonly WorkerProcess[],
  input: Partial<EndpointInput>,
): Promise<Endpoint> {
  const endpoint = await workshop.createEndpoint(workers[0]!, input);
  await until(
    async () =>
      (await Promise.all(workers.map((worker) => worker.health()))).every(({ endpoints }) => endpoints === 1),
    'all processes know the endpoint',
  );
  return endpoint;
}

async function drainAll(workers: readonly WorkerProcess[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.call('drain')));
}

/** Most requests at a time, as told at each arrival. */
function watchHeld(receiver: CountingReceiver): {
  note: () => void;
  bySender: () => Record<string, number>;
  total: () => number;
} {
  const most = new Map<string, number>();
  let total = 0;
  return {
    note() {
      for (const name of NAMES) most.set(name, Math.max(most.get(name) ?? 0, receiver.held(name)));
      total = Math.max(total, receiver.held());
    },
    bySender: () => Object.fromEntries(most),
    total: () => total,
  };
}

/** Leases of the lane of an endpoint: as it counts them, and as its deliveries say. */
async function leasesOf(
  { url, schema }: StoreLocation,
  id: string,
): Promise<{ readonly counted: number; readonly leased: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ counted: string; leased: string }>(
      `select l.leases as counted, (select count(*) from ${schema}.posthorn_deliveries d where d.lane_id = l.id and d.lease is not null) as leased
       from ${schema}.posthorn_lanes l where l.id = $1`,
      [id],
    );
    return { counted: Number(rows[0]!.counted), leased: Number(rows[0]!.leased) };
  } finally {
    await client.end();
  }
}

/** As if the time of every block were over. */
async function endBlock({ url, schema }: StoreLocation): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      `update ${schema}.posthorn_lanes set blocked_until = 0, ready_at = 1 where blocked_reason = 'breaker'`,
    );
  } finally {
    await client.end();
  }
}
