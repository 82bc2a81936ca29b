/** Ordered endpoints get messages in the order of their emission, whichever of several real processes match and send them. */
import { describe, expect, it } from 'vitest';
import { callersOn } from '../support/outbox-callers.ts';
import type { StoreKind } from '../support/open-store.ts';
import { reachable } from '../support/store-places.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { createWorkshop, listDeliveries, type Workshop } from '../support/workers.ts';

const TIMEOUT_MS = 90_000;
const MATCHERS = ['one', 'two', 'three'] as const;
/** Several batches. */
const MESSAGES = 250;
const KEYS = ['a', 'b', 'c'] as const;
/** What was claimed from an owner that is killed before it answers waits for its lease: for less time than the test does. */
const POLLING = { dispatcher: { pollIntervalMs: 50, leaseMs: 10_000 } };

/** One of each database is enough: what is told apart here is stores. */
const CALLERS = callersOn(reachable('sqlite', 'postgres', 'mariadb')).filter(({ name }) =>
  ['pg', 'mysql2', 'libsql behind promises'].includes(name),
);

async function setup(kind: StoreKind): Promise<Workshop & { emitter: WorkerProcess }> {
  const workshop = await createWorkshop(kind);
  return { ...workshop, emitter: await startEmitter(workshop, 'fifo') };
}

/** A process that only stores, and an endpoint that wants an order. */
async function startEmitter(workshop: Workshop, ordering: 'fifo' | 'key'): Promise<WorkerProcess> {
  const [emitter] = await workshop.start(['emitter'], { dispatcher: { deliver: false } });
  await workshop.createEndpoint(emitter, { ordering, concurrency: 20 });
  return emitter;
}

/** Requests for these messages, in the order in which they came. */
function arrivalsOf({ receiver }: Workshop, ids: readonly string[]): readonly string[] {
  const wanted = new Set(ids);
  return receiver.arrivals.map(({ id }) => id).filter((id) => wanted.has(id));
}

async function untilAll({ receiver }: Workshop, count: number): Promise<void> {
  await receiver.until(() => receiver.answered.size === count, 'all are delivered', TIMEOUT_MS / 2);
  expect(receiver.repeated).toEqual([]);
}

describe.each(reachable('file', 'sqlite', 'postgres', 'mariadb'))('several processes on %s', (kind) => {
  it('send what waited for them in the order of emission', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(kind);
    const ids = await world.emitter.call<string[]>('emitInOrder', MESSAGES, 'load.test');
    await world.start(MATCHERS, POLLING);
    await untilAll(world, MESSAGES);
    expect(world.receiver.arrivals.map(({ id }) => id)).toEqual(ids);
  });

  it('send in the order of emission while another one emits', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(kind);
    await world.start(MATCHERS, POLLING);
    const ids = await world.emitter.call<string[]>('emitInOrder', MESSAGES, 'load.test');
    await untilAll(world, MESSAGES);
    expect(world.receiver.arrivals.map(({ id }) => id)).toEqual(ids);
  });

  it.each(['fifo', 'key'] as const)(
    'keep the order (%s) when one is killed that has claimed messages, and not matched them',
    { timeout: TIMEOUT_MS },
    async (ordering) => {
      await using workshop = await createWorkshop(kind);
      // The first: of a folder, it is the owner.
      const [doomed] = await workshop.start(['doomed'], {
        dispatcher: { ...POLLING.dispatcher, leaseMs: 2_000 },
        hangs: ['claimDue', 'completeFanOut'],
      });
      const world = { ...workshop, emitter: await startEmitter(workshop, ordering) };
      const keys = ordering === 'key' ? KEYS : ['all'];
      const emitting = world.emitter.call<string[]>('emitInOrder', MESSAGES, 'load.test', keys);
      await doomed.says('hangs in completeFanOut');
      await world.start(MATCHERS, POLLING);
      const ids = await emitting;
      await doomed.kill();
      await untilAll(world, MESSAGES);
      for (const index of keys.keys()) {
        const ofKey = ids.filter((_, number) => number % keys.length === index);
        expect(arrivalsOf(world, ofKey)).toEqual(ofKey);
      }
      expect(world.receiver.answeredBy.has('doomed')).toBe(false);
    },
  );
});

describe.each(CALLERS)('several processes on $kind', ({ name, kind }) => {
  it(
    `send what transactions of ${name} emitted in the order of their commits`,
    { timeout: TIMEOUT_MS },
    async () => {
      await using world = await setup(kind);
      const ids = await world.emitter.call<string[]>('emitInTransactions', name, MESSAGES, 'load.test');
      const matchers = await world.start(MATCHERS, POLLING);
      const [one] = matchers;
      await untilAll(world, MESSAGES);
      expect(world.receiver.arrivals.map(({ id }) => id)).toEqual(ids);
      await Promise.all(matchers.map((matcher) => matcher.call('drain')));
      for (const { state } of await listDeliveries(one)) expect(state).toBe('succeeded');
    },
  );
});
