import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import { NotFoundError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { HeldPort } from '../../src/listener/held-port.ts';
import { createWorld, decorateStore, recordEvents, turn, until } from '../support/world.ts';

const HOUR = 3_600_000;

describe('a disabled endpoint', () => {
  it('discards what waits, at once, and gets nothing until enabled', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    const endpoint = await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'delivery.discarded', 'endpoint.disabled');
    await dispatcher.emit('job.done', {});
    await harness.advance(0);
    await dispatcher.endpoints.update(endpoint.id, { status: 'disabled' });
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled', attempts: 1 },
    ]);
    expect(events.map(({ name }) => name).sort()).toEqual(['delivery.discarded', 'endpoint.disabled']);
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(1);
    await dispatcher.endpoints.update(endpoint.id, { status: 'enabled' });
    expect(await dispatcher.endpoints.get(endpoint.id)).not.toHaveProperty('disabledReason');
    await dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(receiver.received).toBe(2);
  });

  it('lets the attempt in flight end: a success counts, a failure is the last', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const endpoint = await harness.createEndpoint({ retry: 'short' });
    receiver.hold();
    receiver.reply(204, 500);
    await dispatcher.emit('job.done', 1);
    await receiver.waitFor(1);
    await dispatcher.emit('job.done', 2);
    await receiver.waitFor(2);
    await dispatcher.endpoints.update(endpoint.id, { status: 'disabled' });
    receiver.release();
    await harness.advance(HOUR);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'succeeded' },
      {
        state: 'discarded',
        reason: 'endpoint_disabled',
        attempts: 1,
        attemptLog: [{ reason: 'http_status' }],
      },
    ]);
  });
});

describe('endpoints.remove', () => {
  it('discards what waits, queued or scheduled, and sends no more', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500).always({ status: 204, hold: true });
    const endpoint = await harness.createEndpoint({ concurrency: 1 });
    await dispatcher.emit('job.done', 1);
    await harness.advance(0);
    for (const n of [2, 3, 4]) await dispatcher.emit('job.done', n);
    await receiver.waitFor(2);
    await dispatcher.endpoints.remove(endpoint.id);
    receiver.release();
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(2);
    expect((await harness.deliveriesTo(endpoint)).map(({ state, reason }) => [state, reason])).toEqual([
      ['discarded', 'endpoint_removed'],
      ['succeeded', undefined],
      ['discarded', 'endpoint_removed'],
      ['discarded', 'endpoint_removed'],
    ]);
    await expect(dispatcher.endpoints.get(endpoint.id)).rejects.toThrow(NotFoundError);
    expect((await dispatcher.endpoints.list()).items).toEqual([]);
  });

  it.each(['get', 'remove', 'pause', 'resume', 'test'] as const)(
    '%s of an unknown one is NotFound',
    async (call) => {
      await using world = await createWorld();
      await expect(world.start().endpoints[call]('ep_unknown')).rejects.toThrow(NotFoundError);
    },
  );
});

describe('endpoints.pause', () => {
  it('holds queue and new messages, takes effect once for all processes, and resume sends all', async () => {
    await using world = await createWorld();
    const [first, second] = [world.start(), world.start()];
    const { id } = await first.endpoints.create({ url: world.receiver.url, concurrency: 1 });
    await second.start();
    world.receiver.hold();
    for (const n of [1, 2, 3]) await first.emit('job.done', n);
    await world.receiver.waitFor(1);
    await second.endpoints.pause(id);
    expect((await first.endpoints.get(id)).paused).toBe(true);
    await second.emit('job.done', 4);
    world.receiver.release();
    await world.advance(HOUR);
    const held = world.receiver.received;
    await first.endpoints.resume(id);
    await world.advance(0);
    expect(world.receiver.received).toBe(4);
    // Deliveries that the other process had in its queue already may still go out, one claim at most.
    expect(held).toBeLessThanOrEqual(3);
  });

  it('tells of both by events', async () => {
    await using harness = await createHarness();
    const events = recordEvents(harness.dispatcher, 'endpoint.paused', 'endpoint.resumed');
    const { id } = await harness.createEndpoint();
    await harness.dispatcher.endpoints.pause(id);
    await harness.dispatcher.endpoints.resume(id);
    expect(events.map(({ name, event }) => [name, (event['endpoint'] as { id: string }).id])).toEqual([
      ['endpoint.paused', id],
      ['endpoint.resumed', id],
    ]);
  });
});

describe('endpoints.test', () => {
  it('sends one signed test message now and tells what came of it', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 202, body: 'thanks' });
    const endpoint = await harness.createEndpoint({ events: ['nothing'] });
    const result = await harness.dispatcher.endpoints.test(endpoint.id);
    expect(result).toMatchObject({
      delivered: true,
      outcome: 'delivered',
      status: 202,
      response: { body: 'thanks' },
    });
    expect(harness.receiver.requests[0]!.json()).toMatchObject({
      type: 'posthorn.test',
      data: { test: true, endpointId: endpoint.id },
    });
    expect(await harness.dispatcher.messages.get(result.messageId)).toMatchObject({ test: true });
  });

  it('works on paused, blocked and disabled endpoints, does not retry and does not disable', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(410);
    const paused = await harness.createEndpoint();
    await dispatcher.endpoints.pause(paused.id);
    const disabled = await harness.createEndpoint({ status: 'disabled' });
    for (const { id } of [paused, disabled]) {
      expect(await dispatcher.endpoints.test(id)).toMatchObject({
        delivered: false,
        outcome: 'endpoint_failed',
        reason: 'http_status',
        status: 410,
        detail: 'HTTP 410',
      });
    }
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(2);
    expect(await dispatcher.endpoints.get(paused.id)).toMatchObject({ status: 'enabled', paused: true });
  });

  it('is made and told of when the store lost the answer of a write that held other messages, too', async () => {
    await using world = await createWorld();
    let isLost = false;
    const store = decorateStore(world.store, {
      append: async (params) => {
        const results = await world.store.append(params);
        if (params.entries.length > 1 && !isLost) {
          isLost = true;
          throw new Error('connection reset');
        }
        return results;
      },
    });
    const dispatcher = world.start({ store });
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    const tested = dispatcher.endpoints.test(id);
    // In one write with the test, which reads the endpoint first.
    const emitted: Promise<unknown>[] = [];
    for (let turns = 0; turns < 5; turns += 1) {
      emitted.push(dispatcher.emit('job.done', turns));
      await Promise.resolve();
    }
    await until(() => isLost, 'the answer is lost');
    await turn();
    await world.clock.advance(HOUR);
    await Promise.all(emitted);
    expect(await tested).toMatchObject({ delivered: true });
    expect(world.receiver.received).toBe(6);
  });

  it('reports refused connections and faults of the dispatcher', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          header: {
            broken: () => {
              throw new Error('no');
            },
          },
        },
      },
    });
    await using held = await HeldPort.take();
    const closed = await harness.createEndpoint({ url: held.url });
    const faulty = await harness.createEndpoint({ computedHeaders: { 'X-A': 'broken' } });
    expect(await harness.dispatcher.endpoints.test(closed.id)).toMatchObject({
      reason: 'connection_refused',
    });
    expect(await harness.dispatcher.endpoints.test(faulty.id)).toMatchObject({
      outcome: 'dispatcher_failed',
      reason: 'function_failed',
    });
  });
});

describe('what waits for an endpoint that is removed or disabled', () => {
  it.each([
    {
      what: 'removed',
      reason: 'endpoint_removed',
      end: (dispatcher: WebhookDispatcher) => dispatcher.endpoints.remove('ep'),
      anew: (dispatcher: WebhookDispatcher, url: string) => dispatcher.endpoints.create({ id: 'ep', url }),
    },
    {
      what: 'disabled',
      reason: 'endpoint_disabled',
      end: (dispatcher: WebhookDispatcher) => dispatcher.endpoints.update('ep', { status: 'disabled' }),
      anew: (dispatcher: WebhookDispatcher) => dispatcher.endpoints.update('ep', { status: 'enabled' }),
    },
  ])('is discarded, and not what comes for the next one of its id: $what', async ({ reason, end, anew }) => {
    await using world = await createWorld();
    const { url } = world.receiver;
    const other = world.start();
    await other.endpoints.create({ id: 'ep', url, onDisable: 'discard' });
    await other.endpoints.pause('ep');
    const before = await other.emit('job.done', 1);
    let after = '';
    const store = decorateStore(world.store, {
      async reschedule(params) {
        if (after === '') {
          await world.clock.advance(1);
          await anew(other, url);
          await other.endpoints.pause('ep');
          after = (await other.emit('job.done', 2)).id;
        }
        return world.store.reschedule(params);
      },
    });
    await end(world.start({ store }));
    await other.endpoints.resume('ep');
    await world.receiver.waitFor(1);
    expect(world.receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([after]);
    const [discarded] = (await other.deliveries.list({ messageId: before.id })).items;
    expect(discarded).toMatchObject({ state: 'discarded', reason });
  });
});
