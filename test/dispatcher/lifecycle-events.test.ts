import { describe, expect, it } from 'vitest';
import { createHarness } from '../../src/testing/harness.ts';
import type { Logger } from '../../src/lifecycle-events.ts';
import { recordEvents } from '../support/world.ts';

describe('lifecycle events', () => {
  it('tell the whole story of a delivery, each after its write', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    harness.receiver.reply(503, 204);
    const endpoint = await harness.createEndpoint({ retry: 'short' });
    const events = recordEvents(dispatcher, 'message.accepted', 'delivery.retrying', 'delivery.succeeded');
    const states: string[] = [];
    for (const name of ['delivery.retrying', 'delivery.succeeded'] as const)
      dispatcher.on(name, async ({ deliveryId }) => {
        states.push((await dispatcher.deliveries.get(deliveryId)).state);
      });
    const startedAt = harness.clock.now();
    const { id, deliveries } = await dispatcher.emit('job.done', {}, { metadata: { a: 1 } });
    await harness.advance(1_000);
    const common = {
      deliveryId: deliveries[0]!.id,
      message: { id, type: 'job.done', tenant: 'default', metadata: { a: 1 } },
      endpoint: { id: endpoint.id, url: endpoint.url },
      maxAttempts: 5,
    };
    expect(events).toMatchObject([
      { name: 'message.accepted', event: { at: startedAt, deliveries: 1 } },
      {
        name: 'delivery.retrying',
        event: {
          ...common,
          at: startedAt,
          attempt: 1,
          status: 503,
          reason: 'http_status',
          detail: 'HTTP 503',
          delayMs: 1_000,
          final: false,
        },
      },
      {
        name: 'delivery.succeeded',
        event: { ...common, at: startedAt + 1_000, attempt: 2, status: 204, final: true },
      },
    ]);
    expect(states).toEqual(['scheduled', 'succeeded']);
  });

  it('name the reason of an exhausted one', async () => {
    await using harness = await createHarness();
    harness.receiver.always(418);
    await harness.createEndpoint({ retry: 'once' });
    const events = recordEvents(harness.dispatcher, 'delivery.exhausted');
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(events).toMatchObject([
      { event: { attempt: 1, maxAttempts: 1, reason: 'http_status', status: 418 } },
    ]);
  });

  it('of endpoints come once per change', async () => {
    await using harness = await createHarness();
    const { endpoints } = harness.dispatcher;
    const names = ['endpoint.created', 'endpoint.updated', 'endpoint.disabled', 'endpoint.removed'] as const;
    const events = recordEvents(harness.dispatcher, ...names);
    const { id } = await harness.createEndpoint();
    await endpoints.update(id, { name: 'crm' });
    await endpoints.update(id, { status: 'disabled' });
    await endpoints.update(id, { status: 'enabled' });
    await endpoints.remove(id);
    expect(events.map(({ name }) => name)).toEqual([
      'endpoint.created',
      'endpoint.updated',
      'endpoint.disabled',
      'endpoint.updated',
      'endpoint.removed',
    ]);
    expect(events[2]).toMatchObject({ event: { reason: 'manual', tenant: 'default', endpoint: { id } } });
  });

  it('of an endpoint that is changed and disabled at once tell of both, and a second pause of nothing', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const { id } = await harness.createEndpoint();
    const names = ['endpoint.updated', 'endpoint.disabled', 'endpoint.paused', 'endpoint.resumed'] as const;
    const events = recordEvents(dispatcher, ...names);
    await dispatcher.endpoints.update(id, { status: 'disabled', timeoutMs: 5_000 });
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await dispatcher.endpoints.update(id, { verification: 'challenge' });
    await dispatcher.endpoints.pause(id);
    await dispatcher.endpoints.pause(id);
    await dispatcher.endpoints.resume(id);
    await dispatcher.endpoints.pause(id);
    expect(events.map(({ name }) => name)).toEqual([
      ...['endpoint.updated', 'endpoint.disabled', 'endpoint.updated'],
      ...['endpoint.updated', 'endpoint.disabled', 'endpoint.paused', 'endpoint.resumed', 'endpoint.paused'],
    ]);
  });

  it('of a discarded delivery say why in words', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const events = recordEvents(dispatcher, 'delivery.discarded');
    const gone = await harness.createEndpoint();
    receiver.reply(410);
    await dispatcher.emit('job.done', 1);
    await harness.advance(0);
    await dispatcher.emit('job.done', 2);
    await dispatcher.endpoints.remove(gone.id);
    const held = await harness.createEndpoint();
    await dispatcher.endpoints.pause(held.id);
    const { deliveries } = await dispatcher.emit('job.done', 3);
    await dispatcher.deliveries.cancel(deliveries[0]!.id);
    await dispatcher.emit('job.done', 4);
    await dispatcher.endpoints.update(held.id, { status: 'disabled' });
    await dispatcher.endpoints.remove(held.id);
    await harness.createEndpoint();
    await dispatcher.pause({ whilePaused: 'discard' });
    await dispatcher.emit('job.done', 5);
    expect(events.map(({ event }) => event['detail'])).toEqual([
      'the endpoint wants no more of it: HTTP 410',
      'the endpoint is disabled: it answered 410 Gone',
      'somebody cancelled it',
      'the endpoint is disabled: somebody disabled it',
      'everything was paused, and new messages are discarded meanwhile',
    ]);
  });

  it('are no longer heard after the returned function was called; once hears one', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const heard: string[] = [];
    const end = dispatcher.on('message.accepted', () => void heard.push('on'));
    dispatcher.once('message.accepted', () => void heard.push('once'));
    const neverHeard = dispatcher.once('message.accepted', () => void heard.push('never'));
    neverHeard();
    await dispatcher.emit('job.done', 1);
    await dispatcher.emit('job.done', 2);
    end();
    end();
    await dispatcher.emit('job.done', 3);
    expect(heard).toEqual(['on', 'once', 'on']);
  });

  it('may be answered by an emit from within', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.on('/bad').always(500);
    await harness.createEndpoint({ url: receiver.urlOf('/bad'), events: ['job.done'], retry: 'once' });
    await harness.createEndpoint({ url: receiver.urlOf('/alerts'), events: ['alert'] });
    dispatcher.on('delivery.exhausted', async ({ message }) => {
      await dispatcher.emit('alert', { lost: message.id });
    });
    const { id } = await dispatcher.emit('job.done', {});
    await harness.advance(0);
    const [, alert] = receiver.requests;
    expect(alert).toMatchObject({ path: '/alerts' });
    expect(alert!.json()).toMatchObject({ type: 'alert', data: { lost: id } });
  });
});

describe('the logger', () => {
  it('gets one line per change with ids as fields', async () => {
    const lines: [string, Record<string, unknown>, string][] = [];
    const level =
      (name: string) =>
      (fields: object, message: string): void =>
        void lines.push([name, { ...fields }, message]);
    const logger: Logger = {
      debug: level('debug'),
      info: level('info'),
      warn: level('warn'),
      error: level('error'),
    };
    await using harness = await createHarness({ dispatcher: { logger } });
    harness.receiver.reply(500, 204);
    const endpoint = await harness.createEndpoint({ retry: 'short' });
    lines.length = 0;
    const { id, deliveries } = await harness.dispatcher.emit('job.done', {});
    await harness.advance(1_000);
    expect(lines.map(([name, , message]) => [name, message])).toEqual([
      ['debug', 'message accepted'],
      ['warn', 'webhook attempt failed, retry scheduled'],
      ['info', 'webhook delivered'],
    ]);
    expect(lines[1]![1]).toMatchObject({
      messageId: id,
      deliveryId: deliveries[0]!.id,
      endpointId: endpoint.id,
      attempt: 1,
      delayMs: 1_000,
    });
  });
});
