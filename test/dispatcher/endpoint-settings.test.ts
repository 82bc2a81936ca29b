import { describe, expect, it } from 'vitest';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, decorateStore, onlyDelivery } from '../support/world.ts';

const HOUR = 3_600_000;

describe('rateLimit', () => {
  it('sends at most limit per interval, and everything in the end', async () => {
    await using harness = await createHarness();
    const arrivals: number[] = [];
    harness.receiver.always(() => {
      arrivals.push(harness.clock.now());
      return 204;
    });
    await harness.createEndpoint({ rateLimit: { limit: 3, intervalMs: 1_000 } });
    for (let n = 0; n < 10; n += 1) await harness.dispatcher.emit('job.done', n);
    await harness.advance(20_000);
    expect(arrivals).toHaveLength(10);
    for (const [index, at] of arrivals.entries())
      if (index >= 3) expect(at - arrivals[index - 3]!).toBeGreaterThanOrEqual(1_000);
  });
});

describe('maxConcurrencyTotal', () => {
  it('bounds the requests in flight below the concurrency of the process, and sends everything in the end', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url, concurrency: 10, maxConcurrencyTotal: 3 });
    world.receiver.hold();
    for (let number = 0; number < 20; number += 1) await dispatcher.emit('job.done', number);
    await world.receiver.waitFor(3);
    await world.advance(1_000);
    expect(world.receiver.received).toBe(3);
    expect(await dispatcher.health()).toMatchObject({ inFlight: 3, queued: 0 });
    world.receiver.release();
    await dispatcher.drain();
    expect(world.receiver.received).toBe(20);
  });

  it('lets a delivery that waits for its retry make room for others', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const retry = { kind: 'schedule', delaysMs: [60_000], jitter: 0 } as const;
    await dispatcher.endpoints.create({ url: world.receiver.url, maxConcurrencyTotal: 1, retry });
    world.receiver.reply(500);
    for (let number = 0; number < 3; number += 1) await dispatcher.emit('job.done', number);
    await world.advance(0);
    const sent = (): unknown[] =>
      world.receiver.requests.map((request) => (request.json() as { data: unknown }).data);
    expect(sent()).toEqual([0, 1, 2]);
    await world.advance(60_000);
    expect(sent()).toEqual([0, 1, 2, 0]);
  });

  it('stands in the record when the dispatcher has it, and goes back to that with null', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ maxConcurrencyTotal: 2 });
    const { url } = world.receiver;
    const { id } = await dispatcher.endpoints.create({ url });
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ maxConcurrencyTotal: 2 });
    await dispatcher.endpoints.update(id, { maxConcurrencyTotal: false });
    await dispatcher.endpoints.update(id, { name: 'unlimited' });
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ maxConcurrencyTotal: false });
    world.receiver.hold();
    for (let number = 0; number < 5; number += 1) await dispatcher.emit('job.done', number);
    await world.receiver.waitFor(5);
    await dispatcher.endpoints.update(id, { maxConcurrencyTotal: null });
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ maxConcurrencyTotal: 2 });
    for (let number = 0; number < 5; number += 1) await dispatcher.emit('job.done', number);
    await world.advance(1_000);
    expect(world.receiver.received).toBe(5);
    world.receiver.release();
    await dispatcher.drain();
    expect(world.receiver.received).toBe(10);
  });
});

describe('rateLimit, maxConcurrencyTotal and ordering', () => {
  it('leave deliveries to claims, which see the whole; others come back leased from being stored', async () => {
    await using world = await createWorld();
    const asked = new Map<string, boolean>();
    const store = decorateStore(world.store, {
      append: (params) => {
        for (const { endpointId, lease } of params.entries.flatMap(({ deliveries }) => deliveries))
          asked.set(endpointId, lease !== undefined);
        return world.store.append(params);
      },
    });
    const dispatcher = world.start({ store });
    const { url } = world.receiver;
    await dispatcher.endpoints.create({ id: 'free', url });
    await dispatcher.endpoints.create({ id: 'keyed', url, ordering: 'key' });
    await dispatcher.endpoints.create({ id: 'fifo', url, ordering: 'fifo' });
    await dispatcher.endpoints.create({ id: 'limited', url, rateLimit: { limit: 9, intervalMs: 1_000 } });
    await dispatcher.endpoints.create({ id: 'bounded', url, maxConcurrencyTotal: 9 });
    await dispatcher.emit('job.done', 1, { orderingKey: 'key' });
    const left = { keyed: false, fifo: false, limited: false, bounded: false };
    expect(Object.fromEntries(asked)).toEqual({ free: true, ...left });
    await world.receiver.waitFor(5);
    await dispatcher.emit('job.done', 2);
    expect(asked.get('keyed')).toBe(true);
    await world.receiver.waitFor(10);
  });
});

describe('ordering: key', () => {
  it('keeps the order within a key and lets other keys pass', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    const endpoint = await harness.createEndpoint({ ordering: 'key', retry: 'short' });
    const emit = (data: string, orderingKey?: string): Promise<unknown> =>
      harness.dispatcher.emit('job.done', data, orderingKey === undefined ? {} : { orderingKey });
    await emit('a1', 'a');
    await harness.advance(0);
    await emit('a2', 'a');
    await emit('b1', 'b');
    await emit('free');
    await harness.advance(10_000);
    const sent = harness.receiver.requests.map((request) => (request.json() as { data: string }).data);
    expect(sent[0]).toBe('a1');
    expect(sent.slice(1, 3).sort()).toEqual(['b1', 'free']);
    expect(sent.slice(3)).toEqual(['a1', 'a2']);
    expect((await harness.deliveriesTo(endpoint)).every(({ state }) => state === 'succeeded')).toBe(true);
  });

  it('goes on with the next when one is exhausted or cancelled', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500, 500);
    const endpoint = await harness.createEndpoint({
      ordering: 'fifo',
      retry: { kind: 'schedule', delaysMs: [1_000] },
    });
    for (const n of [1, 2, 3]) await harness.dispatcher.emit('job.done', n);
    await harness.advance(0);
    const [, second] = await harness.deliveriesTo(endpoint);
    await harness.dispatcher.deliveries.cancel(second!.id);
    await harness.advance(10_000);
    expect((await harness.deliveriesTo(endpoint)).map(({ state }) => state)).toEqual([
      'exhausted',
      'discarded',
      'succeeded',
    ]);
  });
});

describe('what a dispatcher sets for all endpoints', () => {
  it('is overridden by an endpoint as a whole, headers name by name', async () => {
    await using harness = await createHarness({
      dispatcher: { headers: { 'X-All': '1', 'X-Both': 'all' }, envelope: 'raw', userAgent: 'Acme/2' },
    });
    await harness.createEndpoint({ headers: { 'x-both': 'own' } });
    await harness.dispatcher.emit('job.done', { n: 1 });
    await harness.advance(0);
    expect(harness.receiver.requests[0]).toMatchObject({
      text: '{"n":1}',
      headers: { 'x-all': '1', 'x-both': 'own', 'user-agent': 'Acme/2' },
    });
    expect(await harness.deliveriesTo((await harness.dispatcher.endpoints.list()).items[0]!)).toHaveLength(1);
  });
});

describe('an endpoint of a store', () => {
  it('whose function is missing here waits as a fault, named in health, and nothing of it is lost', async () => {
    await using world = await createWorld();
    const envelope = {
      acme: ({ dataJson }: { dataJson: string }) => ({ body: dataJson, contentType: 'application/json' }),
    };
    const first = world.start({ functions: { envelope } });
    const { id } = await first.endpoints.create({ url: world.receiver.url, envelope: 'acme' });
    await first.stop();
    const second = world.start();
    await second.emit('job.done', { n: 1 });
    expect((await second.health()).unservedEndpoints).toMatchObject([{ endpointId: id }]);
    await world.advance(HOUR);
    const delivery = await onlyDelivery(second);
    expect(delivery).toMatchObject({ state: 'failed', reason: 'unknown_function', attempts: 0 });
    await second.stop();
    const third = world.start({ functions: { envelope } });
    await third.deliveries.retry(delivery.id);
    await world.advance(0);
    expect(world.receiver.requests.map(({ text }) => text)).toEqual(['{"n":1}']);
  });
});
