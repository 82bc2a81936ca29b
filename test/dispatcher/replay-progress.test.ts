import { describe, expect, it } from 'vitest';
import type { DeliveryState } from '../../src/core/delivery.ts';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import { StoppedError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import {
  allDeliveries,
  createWorld,
  decorateStore,
  recordEvents,
  until,
  type World,
} from '../support/world.ts';

const HOUR = 3_600_000;

async function emitMany(dispatcher: WebhookDispatcher, count: number, type = 'job.done'): Promise<string[]> {
  const receipts = await Promise.all(Array.from({ length: count }, (_, n) => dispatcher.emit(type, n)));
  return receipts.map(({ id }) => id);
}

async function stateCounts(dispatcher: WebhookDispatcher): Promise<Partial<Record<DeliveryState, number>>> {
  const { byState } = await dispatcher.stats();
  return Object.fromEntries(Object.entries(byState).filter(([, count]) => count > 0));
}

describe('replay: counting and repeating', () => {
  it('counts in a dry run exactly what it then does, and changes nothing before', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({ events: ['a'] });
    const disabled = await harness.createEndpoint({ events: ['b'] });
    for (const type of ['a', 'b', 'c']) await emitMany(dispatcher, 70, type);
    await harness.advance(1_000);
    await dispatcher.endpoints.update(disabled.id, { status: 'disabled' });
    await harness.createEndpoint({ events: ['a', 'c'] });
    const events = recordEvents(dispatcher, 'replay.started', 'replay.progress', 'replay.finished');
    const before = await stateCounts(dispatcher);
    const counted = await dispatcher.replay({ dryRun: true });
    expect(await stateCounts(dispatcher)).toEqual(before);
    expect(events).toEqual([]);
    receiver.clear();
    const done = await dispatcher.replay();
    expect(counted).toEqual({ ...done, dryRun: true });
    expect(done).toMatchObject({ messages: 140, retried: 70, created: 140, skipped: 70 });
    await harness.advance(0);
    expect(receiver.requests).toHaveLength(210);
  }, 60_000);

  it('does nothing a second time with the same asOf', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    await harness.createEndpoint({ retry: 'once' });
    await emitMany(dispatcher, 3);
    await harness.advance(1_000);
    await harness.createEndpoint({ retry: 'once' });
    // The clock stands still while it replays, so "now" would not be before what it sends.
    const asOf = harness.clock.now();
    await harness.advance(1_000);
    expect(await dispatcher.replay({ asOf })).toMatchObject({ retried: 3, created: 3, asOf });
    await harness.advance(1_000);
    receiver.clear();
    expect(await dispatcher.replay({ asOf })).toMatchObject({ messages: 0, retried: 0, created: 0, asOf });
    await harness.advance(0);
    expect(receiver.requests).toEqual([]);
    expect(await dispatcher.replay({ asOf: new Date(asOf + HOUR) })).toMatchObject({
      retried: 6,
      asOf: harness.clock.now(),
    });
  });

  it('goes on where it broke off, sending nothing twice', async () => {
    await using world = await createWorld();
    let calls = 0;
    let isDown = true;
    const flaky = decorateStore(world.store, {
      reschedule: (params) => {
        calls += 1;
        if (isDown && calls > 1) return Promise.reject(new Error('gone fishing'));
        return world.store.reschedule(params);
      },
    });
    const dispatcher = world.start({ store: flaky });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await emitMany(dispatcher, 500);
    await world.advance(1_000);
    world.receiver.clear();
    const events = recordEvents(dispatcher, 'replay.finished', 'error');
    await expect(dispatcher.replay({ asOf: world.clock.now() - 1 })).rejects.toThrow('gone fishing');
    expect(events.map(({ name }) => name).sort()).toEqual(['error', 'replay.finished']);
    const { asOf, done, complete, detail } = events.find(({ name }) => name === 'replay.finished')!.event;
    expect([done, complete, detail]).toEqual([
      { messages: 200, retried: 200, created: 0, skipped: 0 },
      false,
      'gone fishing',
    ]);
    await world.advance(0);
    isDown = false;
    expect(await dispatcher.replay({ asOf: asOf as number })).toMatchObject({ retried: 300 });
    await world.advance(0);
    const ids = world.receiver.requests.map((request) => request.headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([500, 500]);
  }, 60_000);

  it('does not count what another process was faster with', async () => {
    await using world = await createWorld();
    const other = world.start();
    let isFirst = true;
    const slow = decorateStore(world.store, {
      reschedule: async (params) => {
        // Between looking and acting, somebody else replays the same, and it is all sent.
        if (isFirst) {
          isFirst = false;
          await other.replay();
          await other.drain();
        }
        return world.store.reschedule(params);
      },
    });
    const dispatcher = world.start({ store: slow });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await emitMany(dispatcher, 3);
    await world.advance(1_000);
    world.receiver.clear();
    const asOf = world.clock.now() - 1;
    expect(await dispatcher.replay({ asOf })).toMatchObject({ messages: 0, retried: 0 });
    await world.advance(0);
    expect(world.receiver.requests).toHaveLength(3);
  });
});

describe('replay: in batches', () => {
  it('replays 5,000 messages and tells how far it is', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await emitMany(dispatcher, 5_000);
    await harness.advance(1_000);
    const { id } = await harness.createEndpoint({ concurrency: 100 });
    const events = recordEvents(dispatcher, 'replay.started', 'replay.progress', 'replay.finished');
    const { asOf, dryRun, ...counts } = await dispatcher.replay({ endpointId: id });
    expect([counts, dryRun]).toEqual([{ messages: 5_000, retried: 0, created: 5_000, skipped: 0 }, false]);
    const common = { asOf, endpointId: id, tenant: undefined, total: counts };
    expect(events.map(({ name }) => name)).toEqual([
      'replay.started',
      ...Array.from({ length: 25 }, () => 'replay.progress'),
      'replay.finished',
    ]);
    expect(events[0]!.event).toMatchObject(common);
    expect(events.slice(1, -1).map(({ event }) => (event['done'] as { created: number }).created)).toEqual(
      Array.from({ length: 25 }, (_, batch) => (batch + 1) * 200),
    );
    expect(events.at(-1)!.event).toMatchObject({
      ...common,
      done: counts,
      complete: true,
      detail: undefined,
    });
    await harness.advance(0);
    expect(new Set(receiver.requests.map((request) => request.headers['webhook-id'])).size).toBe(5_000);
    expect(receiver.requests).toHaveLength(5_000);
  }, 60_000);

  it('runs one after the other; what is new counts as of the call', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    await harness.createEndpoint();
    await emitMany(dispatcher, 500);
    await harness.advance(1_000);
    const events = recordEvents(dispatcher, 'replay.started', 'replay.finished');
    const [first, second] = await Promise.all([dispatcher.replay(), dispatcher.replay({ dryRun: false })]);
    expect(events.map(({ name }) => name)).toEqual([
      'replay.started',
      'replay.finished',
      'replay.started',
      'replay.finished',
    ]);
    expect(first.retried).toBe(500);
    expect(second.asOf).toBe(first.asOf);
  }, 60_000);

  it('ends when the dispatcher stops; the rest is replayed later', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await emitMany(dispatcher, 500);
    await world.advance(1_000);
    world.receiver.clear();
    const [event] = await stopAtProgress(world, dispatcher);
    const { asOf, done } = event!.event;
    expect((done as { retried: number }).retried).toBeLessThan(500);
    await world.advance(1_000);
    const next = world.start();
    const { retried } = await next.replay({ asOf: asOf as number });
    expect(retried).toBe(500 - (done as { retried: number }).retried);
    await world.advance(0);
    const ids = world.receiver.requests.map((request) => request.headers['webhook-id']);
    expect(new Set(ids).size).toBe(500);
    expect(ids).toHaveLength(500);
  }, 60_000);

  it('does not keep a stop waiting when the store does not answer', async () => {
    await using world = await createWorld();
    let isAsked = false;
    const silent = decorateStore(world.store, {
      reschedule: () => {
        isAsked = true;
        return new Promise(() => undefined);
      },
    });
    const dispatcher = world.start({ store: silent });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.emit('a', {});
    await world.advance(1_000);
    const replay = dispatcher.replay();
    await until(() => isAsked, 'the store is asked');
    const stopped = dispatcher.stop({ timeoutMs: 0 });
    await expect(replay).rejects.toThrow(StoppedError);
    await world.clock.advance(60_000);
    await stopped;
  });

  it('ends when its signal is aborted, also before its turn', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    await harness.createEndpoint();
    await emitMany(dispatcher, 600);
    await harness.advance(1_000);
    const events = recordEvents(dispatcher, 'replay.finished', 'error');
    const controller = new AbortController();
    dispatcher.once('replay.progress', () => controller.abort(new Error('enough')));
    const waiting = new AbortController();
    const replay = dispatcher.replay({ signal: controller.signal });
    const next = dispatcher.replay({ signal: waiting.signal });
    waiting.abort(new Error('not even begun'));
    await expect(next).rejects.toThrow('not even begun');
    await expect(replay).rejects.toThrow('enough');
    await until(() => events.length > 0, 'it is finished');
    expect(events).toMatchObject([
      { name: 'replay.finished', event: { complete: false, detail: 'enough', done: { retried: 200 } } },
    ]);
    expect(await dispatcher.replay({ dryRun: true, states: ['exhausted'] })).toMatchObject({ retried: 0 });
  }, 60_000);

  it('works in a process that only stores', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    const worker = world.start();
    await worker.emit('a', {});
    await world.advance(1_000);
    await producer.endpoints.create({ url: world.receiver.url });
    expect(await producer.replay()).toMatchObject({ created: 1 });
    await world.advance(0);
    expect(world.receiver.requests).toHaveLength(1);
    expect(await allDeliveries(worker)).toMatchObject([{ state: 'succeeded' }]);
  });
});

/** Stops a dispatcher in the middle of a replay; the end of the replay as an event. */
async function stopAtProgress(
  { clock }: World,
  dispatcher: WebhookDispatcher,
): Promise<ReturnType<typeof recordEvents>> {
  const finished = recordEvents(dispatcher, 'replay.finished');
  let stopped: Promise<void> | undefined;
  dispatcher.once('replay.progress', () => void (stopped = dispatcher.stop({ timeoutMs: 1_000 })));
  await expect(dispatcher.replay({ asOf: clock.now() - 1 })).rejects.toThrow(StoppedError);
  await clock.advance(1_000);
  await stopped;
  return finished;
}
