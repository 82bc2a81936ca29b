import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../src/dispatcher.ts';
import { OptionsError, StoppedError, StoreError } from '../src/errors.ts';
import type { LifecycleEventName, Logger } from '../src/lifecycle-events.ts';
import { createReceiver } from '../src/listener/recording-receiver.ts';
import { verifyRequest } from '../src/listener/verify-request.ts';
import type { DispatcherOptions } from '../src/options.ts';
import { memoryStore } from '../src/store/memory/memory-store.ts';
import type { LeasedDelivery, Store } from '../src/store/store.ts';
import { createHarness } from '../src/testing/harness.ts';
import { HeldPort } from '../src/listener/held-port.ts';
import { runProgram } from './support/child.ts';
import {
  allDeliveries,
  createWorld,
  decorateStore,
  LOOPBACK,
  onlyDelivery,
  recordEvents,
  turn,
  until,
  type World,
} from './support/world.ts';

const HOUR = 3_600_000;
const ALL_EVENTS: readonly LifecycleEventName[] = [
  'message.accepted',
  'delivery.succeeded',
  'delivery.retrying',
  'delivery.exhausted',
  'delivery.discarded',
  'delivery.failed',
  'endpoint.created',
  'endpoint.updated',
  'endpoint.removed',
  'endpoint.paused',
  'endpoint.resumed',
  'endpoint.disabled',
  'error',
];

/** A gate in front of a store call. */
function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** What a process does that is killed right after its claim. */
async function claimAndDie(store: Store, leaseMs: number): Promise<readonly LeasedDelivery[]> {
  const { leased } = await store.claimDue({
    limit: 100,
    leaseMs,
    owner: 'killed',
    lease: randomUUID(),
    perLane: 100,
    freeSlots: new Map(),
    maxRescues: 5,
  });
  return leased;
}

/** One message waits for one endpoint in the store, and no dispatcher runs. */
async function storeOneDelivery(
  world: World,
  settings: object = {},
): Promise<{ readonly endpointId: string; readonly messageId: string }> {
  const first = world.start();
  const { id: endpointId } = await first.endpoints.create({ url: world.receiver.url, ...settings });
  await first.endpoints.pause(endpointId);
  const { id: messageId } = await first.emit('job.done', { n: 1 });
  await first.stop();
  await world.store.putLane({ laneId: endpointId, paused: false });
  return { endpointId, messageId };
}

let unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});
afterEach(() => void process.off('unhandledRejection', onUnhandled));

describe('When `await emit()` resolves, the message is stored as durably as the store promises.', () => {
  it('finds message and deliveries in the store, and after a restart still', async () => {
    await using world = await createWorld();
    const first = world.start();
    const endpoint = await first.endpoints.create({ url: world.receiver.url });
    await first.endpoints.pause(endpoint.id);
    const { id, deliveries } = await first.emit('job.done', { jobId: '42' });
    expect(await world.store.getMessage({ id })).toMatchObject({
      id,
      type: 'job.done',
      dataJson: '{"jobId":"42"}',
    });
    expect(deliveries).toEqual([{ id: expect.any(String), endpointId: endpoint.id }]);
    expect(await world.store.getDelivery({ id: deliveries[0]!.id })).toMatchObject({ state: 'scheduled' });
    await first.stop();
    expect((await world.start().messages.get(id)).data).toEqual({ jobId: '42' });
  });

  it('does not resolve while the store has not answered', async () => {
    await using world = await createWorld();
    const gate = createGate();
    const slow = decorateStore(world.store, {
      append: (params) => gate.opened.then(() => world.store.append(params)),
    });
    const dispatcher = world.start({ store: slow });
    let isResolved = false;
    const emitted = dispatcher.emit('job.done', {}).then(() => (isResolved = true));
    for (let count = 0; count < 20; count += 1) await turn();
    expect(isResolved).toBe(false);
    gate.open();
    await emitted;
    expect((await dispatcher.messages.list()).items).toHaveLength(1);
  });

  it('stores nothing of an emit that rejects', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await expect(dispatcher.emit('job.done', { big: 1n })).rejects.toThrow('data.big');
    await expect(dispatcher.emit('not a type', {})).rejects.toThrow(OptionsError);
    await world.advance(HOUR);
    expect((await dispatcher.messages.list()).items).toEqual([]);
    expect(world.receiver.received).toBe(0);
  });
});

describe('Nothing is sent before its message is stored.', () => {
  it('opens no connection while the store works on the message', async () => {
    await using world = await createWorld();
    const gate = createGate();
    const slow = decorateStore(world.store, {
      append: (params) => gate.opened.then(() => world.store.append(params)),
    });
    const dispatcher = world.start({ store: slow });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    const emitted = dispatcher.emit('job.done', {});
    for (let count = 0; count < 50; count += 1) await turn();
    expect(world.receiver.connections).toBe(0);
    gate.open();
    await emitted;
    await world.receiver.waitFor(1);
  });

  it('sends nothing when the store refuses the message', async () => {
    await using world = await createWorld();
    const full = decorateStore(world.store, {
      append: () => Promise.reject(new StoreError('full', { code: 'store_full' })),
    });
    const dispatcher = world.start({ store: full });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await expect(dispatcher.emit('job.done', {})).rejects.toMatchObject({ code: 'store_full' });
    await world.advance(HOUR);
    expect(world.receiver.connections).toBe(0);
  });
});

describe('A delivery to an enabled endpoint is attempted until it succeeds or its retry policy is spent.', () => {
  it('stops at the first success', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(503, 500, 204);
    const endpoint = await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(48 * HOUR);
    expect(harness.receiver.received).toBe(3);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 3 }]);
  });

  it('is exhausted after the last attempt of the policy', async () => {
    await using harness = await createHarness();
    harness.receiver.always(500);
    const endpoint = await harness.createEndpoint({
      retry: { kind: 'schedule', delaysMs: [1_000, 2_000] },
    });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(48 * HOUR);
    expect(harness.receiver.received).toBe(3);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'exhausted', reason: 'http_status', attempts: 3 },
    ]);
  });

  it('goes on when the receiver refuses connections at first', async () => {
    await using world = await createWorld();
    await using held = await HeldPort.take();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: held.url, retry: 'short' });
    await dispatcher.emit('job.done', {});
    await world.advance(0);
    expect(await onlyDelivery(dispatcher)).toMatchObject({
      state: 'scheduled',
      reason: 'connection_refused',
      attempts: 1,
    });
    await held.release();
    await using back = await createReceiver({ port: held.port });
    await world.advance(1_000);
    expect(back.received).toBe(1);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 2 });
  });
});

describe('A restart loses no delivery that the store kept.', () => {
  it('goes on with the same schedule and the same count of attempts', async () => {
    await using world = await createWorld();
    world.receiver.reply(503, 503, 204);
    const first = world.start();
    await first.endpoints.create({
      url: world.receiver.url,
      retry: { kind: 'schedule', delaysMs: [5_000, 300_000] },
    });
    const { id } = await first.emit('job.done', {});
    await world.advance(5_000);
    expect(world.receiver.received).toBe(2);
    await first.stop();

    const second = world.start();
    await second.start();
    await world.advance(299_999);
    expect(world.receiver.received).toBe(2);
    await world.advance(1);
    expect(await onlyDelivery(second)).toMatchObject({ messageId: id, state: 'succeeded', attempts: 3 });
  });

  it('sends what became due while nobody ran', async () => {
    await using world = await createWorld();
    await storeOneDelivery(world);
    await world.clock.advance(72 * HOUR);
    await world.start().start();
    await world.receiver.waitFor(1);
  });

  it('keeps endpoints, messages and final deliveries', async () => {
    await using world = await createWorld();
    const first = world.start();
    const endpoint = await first.endpoints.create({ url: world.receiver.url, name: 'crm' });
    const { id } = await first.emit('job.done', { n: 1 });
    await world.advance(0);
    await first.stop();
    const second = world.start();
    expect(await second.endpoints.get(endpoint.id)).toMatchObject({ name: 'crm', succeeded: 1 });
    expect((await second.messages.get(id)).data).toEqual({ n: 1 });
    expect(await onlyDelivery(second)).toMatchObject({ state: 'succeeded', attempts: 1 });
  });
});

describe('A delivery whose dispatcher died is taken over by the next dispatcher on the same store.', () => {
  it('is sent when the lease of the dead one has expired, and not before', async () => {
    await using world = await createWorld();
    await storeOneDelivery(world);
    expect(await claimAndDie(world.store, 60_000)).toHaveLength(1);
    const second = world.start();
    await second.start();
    await world.advance(59_999);
    expect(world.receiver.received).toBe(0);
    await world.advance(1);
    expect(world.receiver.received).toBe(1);
    expect(await onlyDelivery(second)).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 1 });
  });

  it('leaves alone what a living dispatcher works on, however long it takes', async () => {
    await using world = await createWorld();
    world.receiver.reply({ status: 204, hold: true });
    const working = world.start({ leaseMs: 1_000 });
    const other = world.start({ leaseMs: 1_000 });
    await working.endpoints.create({ url: world.receiver.url, timeoutMs: 600_000 });
    await other.start();
    await working.emit('job.done', {});
    await world.receiver.waitFor(1);
    await world.advance(20_000);
    world.receiver.release();
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
    expect(await onlyDelivery(other)).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
  });

  it('is matched by the next dispatcher when the dead one had only begun to match it', async () => {
    await using world = await createWorld();
    const consumer = world.start({ leaseMs: 10_000 });
    await consumer.endpoints.create({ url: world.receiver.url });
    const producer = world.start({
      deliver: false,
      store: decorateStore(world.store, { watch: () => () => undefined }),
    });
    await consumer.stop();
    await producer.emit('job.done', {});
    const { claims } = await world.store.claimFanOut({ limit: 10, leaseMs: 10_000, lease: 'dead' });
    expect(claims).toHaveLength(1);
    await world.clock.advance(10_000);
    await world.start({ leaseMs: 10_000 }).start();
    await world.receiver.waitFor(1);
  });
});

describe('A kill may duplicate an attempt, never lose it.', () => {
  it('sends again what the dead one had sent without writing it down, even with retry: once', async () => {
    await using world = await createWorld();
    const frozen = createGate();
    const killed = decorateStore(world.store, {
      settle: (params) => frozen.opened.then(() => world.store.settle(params)),
      renew: ({ leases }) => Promise.resolve(leases),
      claimDue: () =>
        Promise.resolve({ leased: [], rescued: [], nextDueMs: undefined, nextOpenMs: undefined }),
    });
    const first = world.start({ store: killed, leaseMs: 10_000 });
    await first.endpoints.create({ url: world.receiver.url, retry: 'once' });
    const { id } = await first.emit('job.done', {});
    await world.receiver.waitFor(1);
    await until(async () => (await first.health()).inFlight === 0, 'the attempt has ended');

    const second = world.start({ leaseMs: 10_000 });
    await second.start();
    await world.clock.advance(10_000);
    const requests = await world.receiver.waitFor(2);
    expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    await until(async () => (await onlyDelivery(second)).state === 'succeeded', 'it has succeeded');
    expect(await onlyDelivery(second)).toMatchObject({ attempts: 1, rescues: 1 });
    frozen.open();
  });
});

describe('The message id is the same on every attempt.', () => {
  it('repeats webhook-id through retries, a manual retry and a restart', async () => {
    await using world = await createWorld();
    world.receiver.reply(500, 500, 500, 204);
    const first = world.start();
    await first.endpoints.create({ url: world.receiver.url, retry: { kind: 'schedule', delaysMs: [1_000] } });
    const { id } = await first.emit('job.done', {});
    await world.advance(1_000);
    const delivery = await onlyDelivery(first);
    await first.deliveries.retry(delivery.id);
    await world.advance(0);
    await first.stop();
    await world.start().start();
    await world.advance(1_000);
    expect(world.receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([id, id, id, id]);
  });
});

describe('Timestamp and signature are fresh for each attempt, over the exact bytes sent.', () => {
  it('signs each attempt with its own time, so that a strict receiver takes it hours later', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500, 500, 204);
    const { secret } = await harness.createEndpoint({
      retry: { kind: 'schedule', delaysMs: [2 * HOUR, 10 * HOUR] },
    });
    const startedAt = harness.clock.now();
    await harness.dispatcher.emit('job.done', { text: 'ünï "quoted"', n: 1.5 });
    await harness.advance(12 * HOUR);
    const offsets = [0, 2 * HOUR, 12 * HOUR];
    const { requests } = harness.receiver;
    expect(requests.map(({ headers }) => Number(headers['webhook-timestamp']))).toEqual(
      offsets.map((offset) => (startedAt + offset) / 1000),
    );
    expect(new Set(requests.map(({ headers }) => headers['webhook-signature'])).size).toBe(3);
    expect(new Set(requests.map(({ text }) => text)).size).toBe(1);
    for (const [index, request] of requests.entries()) {
      const now = (): number => startedAt + offsets[index]!;
      expect(verifyRequest(request, { secret: secret!, toleranceMs: 0, now })).toEqual({ ok: true });
    }
  });
});

describe('Deliveries are unordered unless the endpoint asks for an order.', () => {
  const typesReceived = (requests: readonly { json(): unknown }[]): unknown[] =>
    requests.map((request) => (request.json() as { data: unknown }).data);

  it('lets younger messages pass one that waits for its retry', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    await harness.createEndpoint({ retry: 'short' });
    await harness.dispatcher.emit('job.done', 1);
    await harness.advance(0);
    await harness.dispatcher.emit('job.done', 2);
    await harness.advance(1_000);
    expect(typesReceived(harness.receiver.requests)).toEqual([1, 2, 1]);
  });

  it('sends one after the other, in the order of emission, with ordering: fifo', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    await harness.createEndpoint({ retry: 'short', ordering: 'fifo' });
    for (const n of [1, 2, 3]) await harness.dispatcher.emit('job.done', n);
    await harness.advance(0);
    expect(typesReceived(harness.receiver.requests)).toEqual([1]);
    await harness.advance(1_000);
    expect(typesReceived(harness.receiver.requests)).toEqual([1, 1, 2, 3]);
  });
});

describe('Every message, delivery and attempt can be listed, with a reason, until retention removes it.', () => {
  it('lists one of each kind of end with its reason', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          envelope: {
            broken: () => {
              throw new Error('no template');
            },
          },
        },
      },
    });
    const { dispatcher, receiver } = harness;
    receiver.on('/bad').always({ status: 500, body: 'out of order' });
    receiver.on('/gone').always(410);
    const good = await harness.createEndpoint({ url: receiver.urlOf('/good') });
    const bad = await harness.createEndpoint({ url: receiver.urlOf('/bad'), retry: 'once' });
    const gone = await harness.createEndpoint({ url: receiver.urlOf('/gone') });
    const faulty = await harness.createEndpoint({ envelope: 'broken' });
    const paused = await harness.createEndpoint({ url: receiver.urlOf('/paused') });
    await dispatcher.endpoints.pause(paused.id);
    await dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    const [waiting] = await harness.deliveriesTo(paused);
    await dispatcher.deliveries.cancel(waiting!.id);

    const report = async (endpoint: { id: string }): Promise<unknown> =>
      (await harness.deliveriesTo(endpoint))[0];
    expect(await report(good)).toMatchObject({
      state: 'succeeded',
      attemptLog: [{ attempt: 1, outcome: 'delivered', response: { status: 204 } }],
    });
    expect(await report(bad)).toMatchObject({
      state: 'exhausted',
      reason: 'http_status',
      attemptLog: [
        { outcome: 'endpoint_failed', detail: 'HTTP 500', response: { status: 500, body: 'out of order' } },
      ],
    });
    expect(await report(gone)).toMatchObject({ state: 'discarded', reason: 'gone', attempts: 1 });
    expect(await report(faulty)).toMatchObject({
      state: 'failed',
      reason: 'function_failed',
      attempts: 0,
      attemptLog: Array.from({ length: 5 }, () => ({ outcome: 'dispatcher_failed', attempt: 1 })),
    });
    expect(await report(paused)).toMatchObject({ state: 'discarded', reason: 'cancelled', attempts: 0 });
  });

  it('lists a message that nobody asked for', async () => {
    await using harness = await createHarness();
    await harness.dispatcher.emit('job.done', { n: 1 });
    const { items } = await harness.dispatcher.messages.list();
    expect(items).toMatchObject([{ type: 'job.done', data: { n: 1 } }]);
  });
});

describe('A message that met a disabled endpoint has a discarded delivery.', () => {
  it('can be found, and sent after the endpoint was enabled', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const endpoint = await harness.createEndpoint({ status: 'disabled' });
    await dispatcher.emit('job.done', { n: 1 });
    await harness.advance(HOUR);
    expect(receiver.received).toBe(0);
    const missed = await dispatcher.deliveries.list({ endpointId: endpoint.id, states: ['discarded'] });
    expect(missed.items).toMatchObject([{ reason: 'endpoint_disabled', attempts: 0 }]);

    await dispatcher.endpoints.update(endpoint.id, { status: 'enabled' });
    await dispatcher.deliveries.retry(missed.items[0]!.id);
    await harness.advance(0);
    expect(receiver.received).toBe(1);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded' }]);
  });
});

describe('Retention is on by default and removes nothing that is unfinished.', () => {
  it('removes succeeded messages after seven days, others after thirty, and waiting ones never', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    world.receiver.on('/bad').always(500);
    await dispatcher.endpoints.create({ url: world.receiver.urlOf('/good'), events: ['good'] });
    await dispatcher.endpoints.create({ url: world.receiver.urlOf('/bad'), events: ['bad'], retry: 'once' });
    const paused = await dispatcher.endpoints.create({ url: world.receiver.url, events: ['waiting'] });
    await dispatcher.endpoints.pause(paused.id);
    for (const type of ['good', 'bad', 'waiting']) await dispatcher.emit(type, {});
    await world.advance(0);
    const types = async (): Promise<string[]> =>
      (await dispatcher.messages.list()).items.map(({ type }) => type).sort();

    await world.clock.advance(6.9 * 24 * HOUR);
    expect(await types()).toEqual(['bad', 'good', 'waiting']);
    await world.clock.advance(0.2 * 24 * HOUR);
    expect(await types()).toEqual(['bad', 'waiting']);
    await world.clock.advance(23 * 24 * HOUR);
    expect(await types()).toEqual(['waiting']);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'scheduled' });
  }, 60_000);

  it('begins a pass every ten minutes', async () => {
    await using world = await createWorld();
    const passes: number[] = [];
    const startedAt = world.clock.now();
    const store = decorateStore(world.store, {
      prune: (params) => {
        passes.push((world.clock.now() - startedAt) / 60_000);
        return world.store.prune(params);
      },
    });
    await world.start({ store }).start();
    await world.advance(0.5 * HOUR);
    expect(passes).toEqual([10, 20, 30]);
  });
});

describe('One bad endpoint does not delay the others.', () => {
  it('delivers everything else while one hangs and one refuses connections', async () => {
    await using world = await createWorld();
    const refusing = await createReceiver();
    await refusing.close();
    world.receiver.on('/hangs').always({ status: 204, hold: true });
    const dispatcher = world.start();
    const hanging = await dispatcher.endpoints.create({ url: world.receiver.urlOf('/hangs') });
    await dispatcher.endpoints.create({ url: refusing.url });
    const good = await dispatcher.endpoints.create({ url: world.receiver.urlOf('/good') });
    const at = world.clock.now();
    await Promise.all(Array.from({ length: 300 }, (_, n) => dispatcher.emit('job.done', n)));
    const delivered = async (): Promise<number> => (await dispatcher.endpoints.get(good.id)).succeeded;
    await until(async () => (await delivered()) === 300, 'the good endpoint has everything');
    expect(world.clock.now()).toBe(at);
    expect((await dispatcher.endpoints.get(hanging.id)).succeeded).toBe(0);
    expect((await dispatcher.health()).inFlight).toBe(10);
  });

  it('starts the backlog of all endpoints in turns after a restart', async () => {
    await using world = await createWorld();
    const first = world.start();
    world.receiver.on('/hangs').always({ status: 204, hold: true });
    const ids: string[] = [];
    for (const path of ['/hangs', '/good']) {
      const { id } = await first.endpoints.create({
        url: world.receiver.urlOf(path),
        events: [path.slice(1)],
      });
      await first.endpoints.pause(id);
      ids.push(id);
    }
    for (let n = 0; n < 400; n += 1) await first.emit('hangs', n);
    for (let n = 0; n < 5; n += 1) await first.emit('good', n);
    await first.stop();
    for (const endpointId of ids) await world.store.putLane({ laneId: endpointId, paused: false });
    const second = world.start();
    await second.start();
    await until(
      async () => (await second.endpoints.get(ids[1]!)).succeeded === 5,
      'the good one has its five',
    );
  });
});

describe('The memory store holds no more messages than it was told to.', () => {
  it('drops the oldest finished ones to make room', async () => {
    await using world = await createWorld({ store: memoryStore({ maxMessages: 10 }) });
    const dispatcher = world.start();
    for (let n = 0; n < 25; n += 1) await dispatcher.emit('job.done', n);
    const { items } = await dispatcher.messages.list({ limit: 500 });
    expect(items.map(({ data }) => data)).toEqual([24, 23, 22, 21, 20, 19, 18, 17, 16, 15]);
  });

  it('refuses new ones when none is finished, and takes them again later', async () => {
    await using world = await createWorld({ store: memoryStore({ maxMessages: 3 }) });
    const dispatcher = world.start();
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.endpoints.pause(id);
    for (const n of [1, 2, 3]) await dispatcher.emit('job.done', n);
    await expect(dispatcher.emit('job.done', 4)).rejects.toMatchObject({ code: 'store_full' });
    await dispatcher.endpoints.resume(id);
    await world.advance(0);
    await dispatcher.emit('job.done', 5);
    await world.advance(0);
    expect(world.receiver.received).toBe(4);
  });
});

describe('When the store is slower than its callers, `emit` waits.', () => {
  it('waits for a store that fails, and resolves when it is back', async () => {
    await using world = await createWorld();
    let isDown = true;
    let calls = 0;
    const flaky = decorateStore(world.store, {
      append: (params) => {
        calls += 1;
        return isDown ? Promise.reject(new Error('down')) : world.store.append(params);
      },
    });
    const dispatcher = world.start({ store: flaky });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    let isResolved = false;
    const emitted = dispatcher.emit('job.done', {}).then(() => (isResolved = true));
    await until(() => calls > 0, 'the store was asked');
    await world.clock.advance(20_000);
    expect(isResolved).toBe(false);
    expect(calls).toBeGreaterThan(3);
    isDown = false;
    await world.clock.advance(5_000);
    await emitted;
    await world.receiver.waitFor(1);
  });

  it('rejects with emit_timeout when the store does not come back in time', async () => {
    await using world = await createWorld();
    const cause = new Error('down');
    const broken = decorateStore(world.store, { append: () => Promise.reject(cause) });
    const dispatcher = world.start({ store: broken, emitTimeoutMs: 10_000 });
    await dispatcher.start();
    const emitted = dispatcher.emit('job.done', {});
    await turn();
    await world.clock.advance(20_000);
    await expect(emitted).rejects.toMatchObject({
      code: 'emit_timeout',
      cause,
      message: expect.stringContaining('the store keeps failing (down). Emit it again'),
    });
    expect((await dispatcher.health()).pendingMessages).toBe(0);
  });

  it('rejects with emit_timeout, and delivers all the same, when a write got through whose answer was lost', async () => {
    await using world = await createWorld();
    const mute = decorateStore(world.store, {
      // As the stores are whose answers can be lost.
      capabilities: { ...world.store.capabilities, shared: true },
      append: async (params) => {
        await world.store.append(params);
        return new Promise(() => undefined);
      },
    });
    const dispatcher = world.start({ store: mute, emitTimeoutMs: 10_000 });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    const emitted = dispatcher.emit('job.done', {});
    await turn();
    await world.clock.advance(10_000);
    await expect(emitted).rejects.toMatchObject({ code: 'emit_timeout' });
    expect(world.receiver.received).toBe(0);
    await world.clock.advance(120_000);
    await world.receiver.waitFor(1);
  });

  it('writes what waits in batches, one at a time', async () => {
    await using world = await createWorld();
    const sizes: number[] = [];
    let running = 0;
    const slow = decorateStore(world.store, {
      append: async (params) => {
        running += 1;
        expect(running).toBe(1);
        sizes.push(params.entries.length);
        await turn();
        running -= 1;
        return world.store.append(params);
      },
    });
    const dispatcher = world.start({ store: slow });
    await dispatcher.start();
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => dispatcher.emit('job.done', n)));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_200);
    expect(sizes.length).toBeLessThan(10);
  });
});

describe('A source that cannot wait has at most `maxPending` events waiting, and every event beyond is refused, counted and reported.', () => {
  it('refuses the sixth while five wait, and takes events again afterwards', async () => {
    await using world = await createWorld();
    const gate = createGate();
    const slow = decorateStore(world.store, {
      append: (params) => gate.opened.then(() => world.store.append(params)),
    });
    const dispatcher = world.start({ store: slow });
    const errors = recordEvents(dispatcher, 'error');
    const source = new EventEmitter();
    dispatcher.attach(source, { events: ['job.done'], maxPending: 5 });
    for (let n = 0; n < 8; n += 1) expect(source.emit('job.done', { n })).toBe(true);
    expect((await dispatcher.health()).refusedEvents).toBe(3);
    expect(errors.map(({ event }) => (event['error'] as { code: string }).code)).toEqual([
      'source_overflow',
      'source_overflow',
      'source_overflow',
    ]);
    gate.open();
    await until(async () => (await dispatcher.messages.list()).items.length === 5, 'five are stored');
    source.emit('job.done', { n: 8 });
    await until(async () => (await dispatcher.messages.list()).items.length === 6, 'the next is stored');
  });

  it('allows 10,000 by default', async () => {
    await using world = await createWorld();
    const gate = createGate();
    const slow = decorateStore(world.store, {
      append: (params) => gate.opened.then(() => world.store.append(params)),
    });
    const dispatcher = world.start({ store: slow });
    const source = new EventEmitter();
    dispatcher.attach(source, { events: ['job.done'] });
    for (let n = 0; n < 10_001; n += 1) source.emit('job.done', n);
    expect((await dispatcher.health()).refusedEvents).toBe(1);
    gate.open();
  });
});

describe("Retry-After, an open circuit breaker, rate limit, pause, shutdown and the dispatcher's own faults never use up an attempt.", () => {
  const once = { retry: 'once' } as const;

  it('Retry-After: what is queued behind waits with its attempts untouched', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 503, headers: { 'retry-after': '600' } });
    const endpoint = await harness.createEndpoint({ ...once, concurrency: 1 });
    for (let n = 0; n < 5; n += 1) await harness.dispatcher.emit('job.done', n);
    await harness.advance(599_000);
    expect(harness.receiver.received).toBe(1);
    const waiting = (await harness.deliveriesTo(endpoint)).filter(({ state }) => state === 'scheduled');
    expect(waiting.map(({ attempts, attemptLog }) => [attempts, attemptLog.length])).toEqual(
      Array.from({ length: 4 }, () => [0, 0]),
    );
    await harness.advance(200_000);
    expect(harness.receiver.received).toBe(5);
  });

  it('circuit breaker: what waits for a receiver that is down is not attempted', async () => {
    await using harness = await createHarness();
    harness.receiver.always(500);
    const breaker = { minAttempts: 3, openMs: HOUR, maxOpenMs: HOUR };
    const endpoint = await harness.createEndpoint({ ...once, breaker, concurrency: 1 });
    for (let n = 0; n < 20; n += 1) await harness.dispatcher.emit('job.done', n);
    await harness.advance(HOUR);
    const tried = harness.receiver.received;
    expect(tried).toBeLessThan(6);
    const waiting = (await harness.deliveriesTo(endpoint)).filter(({ state }) => state === 'scheduled');
    expect(waiting.map(({ attempts, attemptLog }) => [attempts, attemptLog.length])).toEqual(
      Array.from({ length: 20 - tried }, () => [0, 0]),
    );
    harness.receiver.always(204);
    await harness.advance(2 * HOUR);
    const deliveries = await harness.deliveriesTo(endpoint);
    expect(deliveries.filter(({ state }) => state === 'succeeded')).toHaveLength(20 - tried);
  });

  it('rate limit: what is over the limit waits', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint({ ...once, rateLimit: { limit: 2, intervalMs: 1_000 } });
    for (let n = 0; n < 6; n += 1) await harness.dispatcher.emit('job.done', n);
    await harness.advance(0);
    expect(harness.receiver.received).toBe(2);
    await harness.advance(10_000);
    expect(harness.receiver.received).toBe(6);
    expect((await harness.deliveriesTo(endpoint)).every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it('pause: for as long as it takes', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint(once);
    await harness.dispatcher.endpoints.pause(endpoint.id);
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(100 * HOUR);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'scheduled', attempts: 0 }]);
    await harness.dispatcher.endpoints.resume(endpoint.id);
    await harness.advance(0);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
  });

  it('shutdown: an attempt that was called off does not count', async () => {
    await using world = await createWorld();
    world.receiver.reply({ status: 204, hold: true }, 204);
    const first = world.start();
    await first.endpoints.create({ url: world.receiver.url, ...once });
    await first.emit('job.done', {});
    await world.receiver.waitFor(1);
    await first.stop({ timeoutMs: 0 });
    const second = world.start();
    expect(await onlyDelivery(second)).toMatchObject({ attempts: 0, state: 'scheduled' });
    await world.advance(0);
    expect(await onlyDelivery(second)).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      attemptLog: [
        { attempt: 1, outcome: 'interrupted' },
        { attempt: 1, outcome: 'delivered' },
      ],
    });
  });

  it('own faults: a named function that fails twice leaves the one attempt for the third time', async () => {
    let calls = 0;
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          envelope: {
            flaky: ({ dataJson }) => {
              calls += 1;
              if (calls <= 2) throw new Error('template server is down');
              return { body: dataJson, contentType: 'application/json' };
            },
          },
        },
      },
    });
    const endpoint = await harness.createEndpoint({ ...once, envelope: 'flaky' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(30_000);
    expect(harness.receiver.received).toBe(1);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'succeeded', attempts: 1, faults: 0 },
    ]);
  });

  it('own faults: a transport that throws is not charged to the endpoint', async () => {
    let sends = 0;
    await using harness = await createHarness({
      dispatcher: {
        transport: {
          name: 'broken',
          open: () => Promise.resolve(),
          send: () => {
            sends += 1;
            throw new Error('no sockets left');
          },
          close: () => Promise.resolve(),
        },
      },
    });
    const endpoint = await harness.createEndpoint(once);
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    expect(sends).toBe(5);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'failed', reason: 'transport_failed', attempts: 0, faults: 5 },
    ]);
  });
});

describe('An expired lease gives its attempt back, is logged as `interrupted` and counts a rescue.', () => {
  it('shows in the record, and a policy of one attempt still makes it', async () => {
    await using world = await createWorld();
    await storeOneDelivery(world, { retry: 'once' });
    await claimAndDie(world.store, 5_000);
    const second = world.start();
    await second.start();
    await world.advance(5_000);
    expect(await onlyDelivery(second)).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      rescues: 1,
      attemptLog: [
        { attempt: 1, outcome: 'interrupted', response: undefined },
        { attempt: 1, outcome: 'delivered' },
      ],
    });
  });
});

describe('After five rescues, the next expired lease makes the delivery `failed` with the reason `crash_loop`.', () => {
  async function dieTimes(world: World, times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      expect(await claimAndDie(world.store, 1_000)).toHaveLength(1);
      await world.clock.advance(1_000);
    }
  }

  it('is still sent after the fifth', async () => {
    await using world = await createWorld();
    await storeOneDelivery(world);
    await dieTimes(world, 5);
    const second = world.start();
    await second.start();
    await world.advance(0);
    expect(await onlyDelivery(second)).toMatchObject({ state: 'succeeded', rescues: 5, attempts: 1 });
  });

  it('fails at the sixth, with an event, and a retry begins anew', async () => {
    await using world = await createWorld();
    await storeOneDelivery(world);
    await dieTimes(world, 6);
    const second = world.start();
    const events = recordEvents(second, 'delivery.failed');
    await second.start();
    await world.advance(HOUR);
    expect(world.receiver.received).toBe(0);
    const delivery = await onlyDelivery(second);
    expect(delivery).toMatchObject({ state: 'failed', reason: 'crash_loop', attempts: 0, rescues: 6 });
    expect(events).toMatchObject([{ event: { deliveryId: delivery.id, reason: 'crash_loop', final: true } }]);
    await second.deliveries.retry(delivery.id);
    await world.advance(0);
    expect(await onlyDelivery(second)).toMatchObject({ state: 'succeeded', rescues: 0 });
  });
});

describe('A worker that lost its lease writes nothing.', () => {
  it('drops the late outcome of a dispatcher that was frozen', async () => {
    await using world = await createWorld();
    world.receiver.reply({ status: 500, hold: true }, 204);
    const frozen = decorateStore(world.store, {
      renew: ({ leases }) => Promise.resolve(leases),
      claimDue: () =>
        Promise.resolve({ leased: [], rescued: [], nextDueMs: undefined, nextOpenMs: undefined }),
    });
    const first = world.start({ store: frozen, leaseMs: 1_000 });
    const events = recordEvents(first, 'delivery.retrying', 'delivery.exhausted', 'delivery.succeeded');
    await first.endpoints.create({ url: world.receiver.url, timeoutMs: 600_000 });
    await first.emit('job.done', {});
    await world.receiver.waitFor(1);

    const second = world.start({ leaseMs: 1_000 });
    await second.start();
    await world.clock.advance(1_000);
    await world.receiver.waitFor(2);
    await until(async () => (await onlyDelivery(second)).state === 'succeeded', 'the second has delivered');
    const before = await onlyDelivery(second);

    world.receiver.release();
    await until(async () => (await first.health()).inFlight === 0, 'the first has its answer');
    await world.advance(60_000);
    expect(await onlyDelivery(second)).toEqual(before);
    expect(before.attemptLog.map(({ outcome }) => outcome)).toEqual(['interrupted', 'delivered']);
    expect(events).toEqual([]);
  });

  it('can neither settle, renew nor release with a token of its own making', async () => {
    await using world = await createWorld();
    await storeOneDelivery(world);
    const [claimed] = await claimAndDie(world.store, 60_000);
    const stale = { deliveryId: claimed!.id, lease: 'not-mine', ordered: false };
    const before = await world.store.getDelivery({ id: claimed!.id });
    expect(await world.store.renew({ leases: [stale], leaseMs: 1_000 })).toEqual([stale]);
    expect(await world.store.release({ leases: [stale] })).toEqual([{ kind: 'lost' }]);
    const [result] = await world.store.settle({
      settlements: [
        {
          ...stale,
          attempt: undefined,
          transition: {
            state: 'succeeded',
            reason: undefined,
            delayMs: 0,
            attempts: 1,
            attemptsBeforeRun: 0,
            rescues: 0,
            faults: 0,
          },
        },
      ],
    });
    expect(result).toEqual({ kind: 'lost' });
    expect(await world.store.getDelivery({ id: claimed!.id })).toEqual(before);
  });
});

describe('An outcome that cannot be written is kept and written later, and its request is not sent again.', () => {
  it('survives ten minutes in which the store takes no outcomes', async () => {
    await using world = await createWorld();
    let isDown = true;
    const flaky = decorateStore(world.store, {
      settle: (params) => (isDown ? Promise.reject(new Error('disk full')) : world.store.settle(params)),
    });
    const dispatcher = world.start({ store: flaky });
    const errors = recordEvents(dispatcher, 'error');
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.emit('job.done', {});
    await world.receiver.waitFor(1);
    await until(() => errors.length > 0, 'the trouble is reported');
    await world.clock.advance(600_000);
    expect(await dispatcher.health()).toMatchObject({ pendingOutcomes: 1, inFlight: 0 });
    isDown = false;
    await world.clock.advance(10_000);
    await world.advance(HOUR);
    expect(world.receiver.received).toBe(1);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
  });
});

describe('Shutdown is bounded, and hands back what is not finished with its attempt refunded.', () => {
  async function holdMany(world: World, options: DispatcherOptions = {}): Promise<WebhookDispatcher> {
    world.receiver.hold();
    const dispatcher = world.start(options);
    await dispatcher.endpoints.create({ url: world.receiver.url, concurrency: 2, timeoutMs: 600_000 });
    for (let n = 0; n < 10; n += 1) await dispatcher.emit('job.done', n);
    await world.receiver.waitFor(2);
    return dispatcher;
  }

  it('hands everything back, in flight or queued, as if never claimed', async () => {
    await using world = await createWorld();
    const dispatcher = await holdMany(world);
    await dispatcher.stop({ timeoutMs: 0 });
    const { items } = await world.store.list({ of: 'deliveries', where: {}, limit: 100 });
    expect(items.map(({ state, attempts, rescues }) => [state, attempts, rescues])).toEqual(
      Array.from({ length: 10 }, () => ['scheduled', 0, 0]),
    );
    world.receiver.release();
    const second = world.start();
    await second.start();
    await world.advance(0);
    const all = await allDeliveries(second);
    expect(all.every(({ state, attempts }) => state === 'succeeded' && attempts === 1)).toBe(true);
  });

  it('waits for attempts in flight up to its limit, claiming nothing more', async () => {
    await using world = await createWorld();
    const dispatcher = await holdMany(world);
    let isStopped = false;
    const stopped = dispatcher.stop({ timeoutMs: 5_000 }).then(() => (isStopped = true));
    await world.clock.advance(4_999);
    expect(isStopped).toBe(false);
    world.receiver.release();
    await stopped;
    expect(world.receiver.received).toBe(2);
    const { items } = await world.store.list({
      of: 'deliveries',
      where: { states: ['succeeded'] },
      limit: 100,
    });
    expect(items).toHaveLength(2);
  });

  it('calls off what takes longer', async () => {
    await using world = await createWorld();
    const dispatcher = await holdMany(world);
    const stopped = dispatcher.stop({ timeoutMs: 5_000 });
    await world.clock.advance(5_000);
    await stopped;
    const { items } = await world.store.list({
      of: 'deliveries',
      where: { states: ['scheduled'] },
      limit: 100,
    });
    expect(items).toHaveLength(10);
    await until(() => world.receiver.openConnections === 0, 'no connection is left');
  });

  it('leaves no timer behind', async () => {
    await using world = await createWorld();
    const dispatcher = await holdMany(world);
    await dispatcher.stop({ timeoutMs: 0 });
    await world.clock.advance(100);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('ends although the store cannot be written to, and stops trying', async () => {
    await using world = await createWorld();
    const broken = decorateStore(world.store, {
      settle: () => Promise.reject(new Error('disk full')),
      release: () => Promise.reject(new Error('disk full')),
    });
    const dispatcher = await holdMany(world, { store: broken });
    const stopped = dispatcher.stop({ timeoutMs: 1_000 });
    await world.clock.advance(10_000);
    await stopped;
    await world.clock.advance(60_000);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('ends although the store does not answer a claim', async () => {
    await using world = await createWorld();
    const silent = decorateStore(world.store, { claimDue: () => new Promise(() => undefined) });
    const dispatcher = world.start({ store: silent });
    await dispatcher.start();
    for (let count = 0; count < 5; count += 1) await turn();
    const stopped = dispatcher.stop({ timeoutMs: 1_000 });
    await world.clock.advance(10_000);
    await stopped;
  });

  it('rejects an emit that still waits for a failing store, and stores nothing of it later', async () => {
    await using world = await createWorld();
    let isDown = true;
    const flaky = decorateStore(world.store, {
      append: (params) => (isDown ? Promise.reject(new Error('down')) : world.store.append(params)),
    });
    const dispatcher = world.start({ store: flaky, emitTimeoutMs: Infinity });
    await dispatcher.start();
    const emitted = dispatcher.emit('job.done', {});
    await turn();
    const stopped = dispatcher.stop({ timeoutMs: 1_000 });
    await world.clock.advance(10_000);
    await stopped;
    await expect(emitted).rejects.toThrow(StoppedError);
    isDown = false;
    await world.clock.advance(60_000);
    expect((await world.store.list({ of: 'messages', where: {}, limit: 10 })).items).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('`stop()` can be called again at any time, and `await using` works.', () => {
  it('resolves all calls together, and again afterwards', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.start();
    await Promise.all([dispatcher.stop(), dispatcher.stop({ timeoutMs: 0 }), dispatcher.stop()]);
    await dispatcher.stop();
    await expect(dispatcher.emit('job.done', {})).rejects.toThrow(StoppedError);
    await expect(dispatcher.endpoints.list()).rejects.toThrow(StoppedError);
    expect((await dispatcher.health()).status).toBe('stopped');
  });

  it('does nothing before the first use, and while starting waits for that', async () => {
    await using world = await createWorld();
    await world.start().stop();
    const starting = world.start();
    const started = starting.start();
    await starting.stop();
    await started;
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('stops at the end of the block with await using', async () => {
    await using world = await createWorld();
    let outer: WebhookDispatcher;
    {
      await using dispatcher = world.start();
      outer = dispatcher;
      await dispatcher.endpoints.create({ url: world.receiver.url });
      await dispatcher.emit('job.done', {});
    }
    expect((await outer.health()).status).toBe('stopped');
    expect(world.receiver.received).toBe(1);
    await until(() => world.receiver.openConnections === 0, 'no connection is left');
  });
});

describe('An `emit` that nobody awaits is never an unhandled rejection.', () => {
  it('reports every error by the error event and the logger instead', async () => {
    await using world = await createWorld();
    const logged: string[] = [];
    const log = (_fields: object, message: string): void => void logged.push(message);
    const logger = silentLogger({ error: log, warn: log });
    const dispatcher = world.start({ logger });
    const errors = recordEvents(dispatcher, 'error');
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    await dispatcher.emit('job.done', 1, { id: 'taken' });
    const emit = dispatcher.emit.bind(dispatcher) as (...values: unknown[]) => unknown;
    emit('not a type', {});
    emit(Symbol('type'), {});
    emit(undefined, {});
    emit({ toString: () => Promise.reject(new Error('no')) }, {});
    emit('job.done', 1n);
    emit('job.done', undefined);
    emit('job.done', cyclic);
    emit('job.done', {
      toJSON: () => {
        throw new Error('no');
      },
    });
    emit('job.done', {}, null);
    emit('job.done', {}, { tennant: 'x' });
    emit('job.done', {}, { id: 'with.dot' });
    emit('job.done', {}, { to: ['nobody'] });
    emit('job.done', 2, { id: 'taken' });
    emit('job.done', 'x'.repeat(300_000));
    await world.advance(0);
    await dispatcher.stop();
    emit('job.done', {});
    for (let count = 0; count < 5; count += 1) await turn();
    expect(errors).toHaveLength(15);
    expect(logged).toHaveLength(15);
    expect(unhandled).toEqual([]);
  });

  it('holds for a store that cannot be opened, and for one that fails', async () => {
    await using world = await createWorld();
    const closed = world.start({
      store: decorateStore(world.store, { open: () => Promise.reject(new Error('no such directory')) }),
    });
    const failing = world.start({
      store: decorateStore(world.store, { append: () => Promise.reject(new Error('disk full')) }),
      emitTimeoutMs: 0,
    });
    const errors = [...[closed, failing].map((dispatcher) => recordEvents(dispatcher, 'error'))];
    void closed.emit('job.done', {});
    void failing.emit('job.done', {});
    await until(() => errors.every((each) => each.length > 0), 'both have reported');
    for (let count = 0; count < 5; count += 1) await turn();
    expect(unhandled).toEqual([]);
  });
});

describe('A listener, logger or named function that throws harms nobody else.', () => {
  it('delivers although every listener throws or rejects', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(503);
    const { dispatcher } = harness;
    const seen: string[] = [];
    for (const name of ALL_EVENTS) {
      dispatcher.on(name, () => {
        throw new Error(`listener of ${name}`);
      });
      dispatcher.on(name, () => Promise.reject(new Error(`async listener of ${name}`)));
      dispatcher.on(name, (() => ({
        then: (_ok: unknown, fail: (error: Error) => void) => fail(new Error('thenable')),
      })) as never);
      dispatcher.on(name, () => void seen.push(name));
    }
    const endpoint = await harness.createEndpoint();
    await dispatcher.emit('job.done', {});
    await harness.advance(5_000);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
    expect(seen.filter((name) => name !== 'error')).toEqual([
      'endpoint.created',
      'message.accepted',
      'delivery.retrying',
      'delivery.succeeded',
    ]);
    expect(unhandled).toEqual([]);
  });

  it('delivers although the logger throws or rejects', async () => {
    for (const fail of [
      (): never => {
        throw new Error('log disk full');
      },
      (): Promise<never> => Promise.reject(new Error('log server down')),
    ]) {
      const logger = { debug: fail, info: fail, warn: fail, error: fail };
      await using harness = await createHarness({ dispatcher: { logger } });
      harness.receiver.reply(503);
      const endpoint = await harness.createEndpoint();
      void harness.dispatcher.emit('nöt a type', {});
      await harness.dispatcher.emit('job.done', {});
      await harness.advance(5_000);
      expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded' }]);
    }
    for (let count = 0; count < 5; count += 1) await turn();
    expect(unhandled).toEqual([]);
  });

  it('fails the delivery of the endpoint whose filter throws, and of no other', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          filter: {
            broken: () => {
              throw new Error('no rules loaded');
            },
          },
        },
      },
    });
    const errors = recordEvents(harness.dispatcher, 'error');
    const broken = await harness.createEndpoint({ filter: { $custom: 'broken' } });
    const good = await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(broken)).toMatchObject([
      { state: 'failed', reason: 'function_failed' },
    ]);
    expect(await harness.deliveriesTo(good)).toMatchObject([{ state: 'succeeded' }]);
    expect(errors).toMatchObject([{ event: { error: { code: 'function_failed' } } }]);
  });

  it('goes on with the policy when shouldRetry throws or answers with a promise that rejects', async () => {
    const answers = [
      (): never => {
        throw new Error('no');
      },
      (): Promise<never> => Promise.reject(new Error('later no')),
    ];
    for (const answer of answers) {
      await using harness = await createHarness({
        dispatcher: {
          functions: { shouldRetry: { broken: answer as never }, retryDelay: { broken: answer as never } },
        },
      });
      const errors = recordEvents(harness.dispatcher, 'error');
      harness.receiver.reply(500, 404, 204);
      const endpoint = await harness.createEndpoint({
        shouldRetry: 'broken',
        retryOn: ['5xx'],
        retry: 'short',
      });
      await harness.dispatcher.emit('job.done', {});
      await harness.advance(HOUR);
      expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'exhausted', attempts: 2 }]);
      expect(errors).toHaveLength(2);
    }
    expect(unhandled).toEqual([]);
  });

  it('keeps a delivery whose retryDelay throws', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          retryDelay: {
            broken: () => {
              throw new Error('no');
            },
          },
        },
      },
    });
    harness.receiver.reply(500, 204);
    const endpoint = await harness.createEndpoint({ retry: { kind: 'custom', name: 'broken' } });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
  });

  it('does not throw into an attached emitter, whatever map does', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const maps = [
      (): never => {
        throw new Error('no');
      },
      (): Promise<never> => Promise.reject(new Error('later no')),
      (): null => null,
      (): number => 7,
      (): object => ({
        get data(): unknown {
          throw new Error('no getter');
        },
      }),
    ];
    const source = new EventEmitter();
    for (const map of maps) dispatcher.attach(source, { events: ['job.done'], map: map as never });
    dispatcher.attach(source, { events: { 'job.done': 'job.stored' } });
    source.emit('job.done', { n: 1 });
    await until(async () => (await dispatcher.messages.list()).items.length > 0, 'the last one has stored');
    for (let count = 0; count < 5; count += 1) await turn();
    expect((await dispatcher.messages.list()).items).toMatchObject([{ type: 'job.stored' }]);
    expect(errors.length).toBe(maps.length);
    expect(unhandled).toEqual([]);
  });
});

describe('No global of the host is changed.', () => {
  it('leaves globals, process listeners and the dispatcher of fetch as they were', async ({ signal }) => {
    const program = `
      import { createServer } from 'node:http';
      // Node fills in many of its globals when they are first read: those are left out.
      const describe = () => new Map(Reflect.ownKeys(globalThis).map((key) => {
        const { get, value } = Object.getOwnPropertyDescriptor(globalThis, key);
        return [key, get === undefined ? { value } : { lazy: true }];
      }));
      const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
      await import('node:url');
      const before = describe();
      const listenersBefore = JSON.stringify(listeners());
      const { WebhookDispatcher } = await import('posthorn');
      const server = createServer((request, response) => request.resume().on('end', () => response.end()));
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const dispatcher = new WebhookDispatcher({ network: { allowPrivate: ['127.0.0.0/8'] } });
      await dispatcher.endpoints.create({ url: 'http://127.0.0.1:' + server.address().port });
      const delivered = new Promise((resolve) => dispatcher.on('delivery.succeeded', resolve));
      await dispatcher.emit('job.done', {});
      await delivered;
      const during = describe();
      if (JSON.stringify(listeners()) !== listenersBefore) console.log('process listeners changed');
      await dispatcher.stop();
      server.close();
      const { Agent } = await import('undici');
      for (const [key, value] of during) {
        const known = before.get(key);
        if (known !== undefined && !known.lazy && !Object.is(known.value, value.value)) console.log('changed', String(key));
        // Node sets its own dispatcher of fetch when Headers is first read; zod keeps its registry here.
        const isExpected = String(key).includes('undici') ? !(value.value instanceof Agent) : String(key).startsWith('__zod_');
        if (known === undefined && !isExpected) console.log('added', String(key));
      }
      for (const key of before.keys()) if (!during.has(key)) console.log('removed', String(key));
      console.log('compared', before.size > 50);
    `;
    const { code, stdout, stderr } = await runProgram(program, signal);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'compared true\n', stderr: '' });
  }, 60_000);
});

describe('A delivery that waits does not keep the process alive.', () => {
  it('lets a host end although a retry is planned', async ({ signal }) => {
    await using receiver = await createReceiver();
    receiver.always(503);
    const program = `
      import { WebhookDispatcher } from 'posthorn';
      const dispatcher = new WebhookDispatcher({ network: { allowPrivate: ['127.0.0.0/8'] } });
      dispatcher.on('delivery.retrying', ({ delayMs }) => console.log('retry planned', delayMs > 1000));
      await dispatcher.endpoints.create({ url: ${JSON.stringify(receiver.url)} });
      void dispatcher.emit('job.done', {});
    `;
    const { code, stdout, stderr } = await runProgram(program, signal);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'retry planned true\n', stderr: '' });
    expect(receiver.received).toBe(1);
  }, 60_000);
});

describe('An attempt in flight keeps the process alive.', () => {
  it('waits for the answer of a slow receiver', async ({ signal }) => {
    await using receiver = await createReceiver();
    receiver.always({ status: 204, delayMs: 500 });
    const program = `
      import { WebhookDispatcher } from 'posthorn';
      const dispatcher = new WebhookDispatcher({ network: { allowPrivate: ['127.0.0.0/8'] } });
      dispatcher.on('delivery.succeeded', () => console.log('delivered'));
      await dispatcher.endpoints.create({ url: ${JSON.stringify(receiver.url)} });
      void dispatcher.emit('job.done', {});
    `;
    const { code, stdout, stderr } = await runProgram(program, signal);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'delivered\n', stderr: '' });
  }, 60_000);

  it('waits for a named function that nothing else would wait for', async ({ signal }) => {
    await using receiver = await createReceiver();
    const program = `
      import { WebhookDispatcher } from 'posthorn';
      const envelope = { slow: async ({ dataJson }) => {
        await new Promise((resolve) => setTimeout(resolve, 300).unref());
        return { body: dataJson, contentType: 'application/json' };
      } };
      const dispatcher = new WebhookDispatcher({ network: { allowPrivate: ['127.0.0.0/8'] }, functions: { envelope } });
      dispatcher.on('delivery.succeeded', () => console.log('delivered'));
      await dispatcher.endpoints.create({ url: ${JSON.stringify(receiver.url)}, envelope: 'slow' });
      void dispatcher.emit('job.done', {});
    `;
    const { code, stdout, stderr } = await runProgram(program, signal);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'delivered\n', stderr: '' });
  }, 60_000);
});

describe('Private networks are refused by default, at connect time, whatever the name resolves to.', () => {
  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://10.0.0.5/hooks',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://100.100.100.200/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fd00::1]/',
    'http://localhost/',
  ])('refuses %s at creation and at an update', async (url) => {
    await using dispatcher = new WebhookDispatcher();
    await expect(dispatcher.endpoints.create({ url })).rejects.toThrow(OptionsError);
    const { id } = await dispatcher.endpoints.create({ url: 'https://example.com/' });
    await expect(dispatcher.endpoints.update(id, { url })).rejects.toThrow(OptionsError);
    expect((await dispatcher.endpoints.get(id)).url).toBe('https://example.com/');
  });

  it('blocks a name that resolves to a private address, without a connection, and tries again', async () => {
    await using world = await createWorld();
    const { port } = new URL(world.receiver.url);
    const answers = [
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
      [{ address: '::ffff:127.0.0.1', family: 6 }],
      [],
    ];
    let asked = 0;
    const dispatcher = world.start({
      network: {
        lookup: (_name, _options, callback) => callback(null, answers[asked++ % answers.length]!),
      },
    });
    await dispatcher.endpoints.create({
      url: `http://hooks.example:${port}/`,
      retry: { kind: 'schedule', delaysMs: [1_000, 1_000, 1_000] },
    });
    await dispatcher.emit('job.done', {});
    await world.advance(10_000);
    expect(asked).toBe(4);
    expect(world.receiver.connections).toBe(0);
    const { state, attemptLog } = await onlyDelivery(dispatcher);
    expect(state).toBe('exhausted');
    expect(attemptLog.slice(0, 3).map(({ reason }) => reason)).toEqual(['blocked', 'blocked', 'blocked']);
    expect(attemptLog[0]!.detail).toContain(
      "is loopback; private addresses are refused unless the dispatcher has network: { allowHosts: ['hooks.example'] } or { allowPrivate: ['127.0.0.0/8'] }",
    );
  });

  it('delivers when the name heals', async () => {
    await using world = await createWorld();
    const { port } = new URL(world.receiver.url);
    let address = '10.1.2.3';
    const dispatcher = world.start({
      network: {
        ...LOOPBACK,
        lookup: (_name, _options, callback) => callback(null, [{ address, family: 4 }]),
      },
    });
    await dispatcher.endpoints.create({ url: `http://hooks.example:${port}/`, retry: 'short' });
    await dispatcher.emit('job.done', {});
    await world.advance(0);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'scheduled', reason: 'blocked' });
    address = '127.0.0.1';
    await world.advance(1_000);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('discards what waits for a literal that is no longer allowed', async () => {
    await using world = await createWorld();
    await storeOneDelivery(world);
    const strict = world.start({ network: {} });
    await strict.start();
    await world.advance(0);
    expect(await onlyDelivery(strict)).toMatchObject({ state: 'discarded', reason: 'blocked' });
    expect(world.receiver.connections).toBe(0);
  });

  it('keeps cloud metadata addresses closed even with private networks allowed', async () => {
    await using dispatcher = new WebhookDispatcher({ network: { allowPrivate: ['0.0.0.0/0'] } });
    await expect(dispatcher.endpoints.create({ url: 'http://169.254.169.254/' })).rejects.toThrow(
      OptionsError,
    );
  });
});

describe('Redirects are never followed.', () => {
  it.each([301, 302, 303, 307, 308])('takes %i for a failure and tries again later', async (status) => {
    await using harness = await createHarness();
    const { receiver } = harness;
    receiver.on('/old').reply({ status, headers: { location: receiver.urlOf('/new') } }, 204);
    const endpoint = await harness.createEndpoint({ url: receiver.urlOf('/old'), retry: 'short' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'scheduled', reason: 'redirect', attemptLog: [{ response: { status } }] },
    ]);
    await harness.advance(1_000);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/old', '/old']);
  });
});

describe('Secrets never appear in logs, errors, events or `util.inspect`.', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const LITERAL = 'literal-secret-of-a-hex-endpoint-0123456789';
  const PATH_TOKEN = 'path-token-0123456789abcdefghijklmnop';
  const QUERY_TOKEN = 'query-token-0123456789';
  const ROTATED = 'whsec_cm90YXRlZC1yb3RhdGVkLXJvdGF0ZWQtcm90YXRlZA==';
  const SEED = 'c2VlZC1zZWVkLXNlZWQtc2VlZC1zZWVkLXNlZWQtc2U=';
  const leaks = [
    SECRET,
    SECRET.slice(6),
    LITERAL,
    ROTATED.slice(6),
    SEED.slice(0, 40),
    PATH_TOKEN,
    QUERY_TOKEN,
  ];

  it('through successes, failures, edits and own faults', async () => {
    const seen: unknown[] = [];
    const log = (fields: object, message: string): void => void seen.push(fields, message);
    await using harness = await createHarness({
      dispatcher: {
        logger: { debug: log, info: log, warn: log, error: log },
        functions: {
          signature: {
            broken: () => {
              throw new Error('no key server');
            },
          },
        },
      },
    });
    const { dispatcher, receiver } = harness;
    for (const name of ALL_EVENTS) dispatcher.on(name, (event) => void seen.push(event));
    receiver.reply(503, 410);
    const url = `${receiver.urlOf(`/hooks/${PATH_TOKEN}`)}?token=${QUERY_TOKEN}`;
    const endpoint = await harness.createEndpoint({ url, secret: SECRET });
    const hex = await harness.createEndpoint({ url, signatures: ['hex'], secret: LITERAL, retry: 'short' });
    await harness.createEndpoint({ url, signatures: ['broken'], secret: LITERAL });
    await dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    await dispatcher.endpoints.pause(hex.id);
    await dispatcher.endpoints.resume(hex.id);
    seen.push(await dispatcher.endpoints.test(hex.id));
    await dispatcher.endpoints.update(hex.id, { name: 'new' });
    const { endpoint: rotated } = await dispatcher.endpoints.rotateSecret(endpoint.id, { secret: ROTATED });
    await dispatcher.endpoints.rotateSecret(endpoint.id, { secret: ROTATED }).catch((error: unknown) => {
      seen.push(error);
    });
    const signatures = ['standard-ed25519'];
    const { secret: _pair, ...asymmetric } = await harness.createEndpoint({ url, signatures, secret: SEED });
    seen.push(await dispatcher.endpoints.test(asymmetric.id));
    await dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    seen.push(dispatcher, dispatcher.endpoints, await dispatcher.health());
    const views = [
      await dispatcher.endpoints.get(endpoint.id),
      await dispatcher.endpoints.list(),
      rotated,
      asymmetric,
    ];
    await dispatcher.endpoints.remove(endpoint.id);
    seen.push(await allDeliveries(dispatcher));
    const show = (value: unknown): string =>
      inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: null });
    for (const leak of leaks) expect(show(seen)).not.toContain(leak);
    for (const leak of leaks.slice(0, 5)) expect(show(views) + JSON.stringify(views)).not.toContain(leak);
    expect(views[0]).toMatchObject({ secrets: [{ hint: 'ZA==' }, { hint: 'LaSw' }] });
  });

  it('in the errors of a create that is refused', async () => {
    await using dispatcher = new WebhookDispatcher();
    const url = 'https://example.com/';
    const long = 'x-long-secret-'.repeat(100);
    const foreign = Buffer.alloc(32, 7);
    const KEY_PAIR_OF_TWO = Buffer.concat([Buffer.from(SEED, 'base64'), foreign]).toString('base64');
    const refused: Record<string, unknown>[] = [
      { url, secret: LITERAL },
      { url, secret: `${SECRET}!` },
      { url, secret: long },
      { url, secrets: [SECRET, LITERAL] },
      { url, secrets: LITERAL },
      { url, secret: SECRET, secrets: [SECRET] },
      { url, secret: { value: LITERAL } },
      { url, signatures: ['standard-ed25519'], secret: SECRET },
      { url, signatures: ['standard-ed25519'], secret: `whsk_${SEED}!` },
      { url, signatures: ['standard-ed25519'], secret: KEY_PAIR_OF_TWO },
      { url, secrte: LITERAL },
      { url: `https://user:${LITERAL}@example.com/` },
      { url: `https://example.com:0x/${PATH_TOKEN}?${QUERY_TOKEN}` },
      { url: `http://127.0.0.1/${PATH_TOKEN}?${QUERY_TOKEN}` },
      { url, headers: { Authorization: `Bearer ${LITERAL}\n` } },
      { url, headers: { Cookie: LITERAL } },
    ];
    for (const input of refused) {
      const error: unknown = await dispatcher.endpoints.create(input as never).then(
        () => 'created',
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(OptionsError);
      const text = inspect(error, { depth: Infinity, showHidden: true });
      for (const leak of [...leaks, 'x-long-secret-']) expect(text).not.toContain(leak);
    }
  });
});

function silentLogger(overrides: Partial<Logger>): Logger {
  const ignore = (): void => undefined;
  return { debug: ignore, info: ignore, warn: ignore, error: ignore, ...overrides };
}
