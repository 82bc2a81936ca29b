import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { defineEvents } from '../../src/core/event-catalog.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { recordEvents } from '../support/world.ts';

/** An endpoint that fails, and one that wants to hear of it. */
async function setup(events: string[], settings: object = {}): Promise<Harness & { id: string }> {
  const harness = await createHarness({ dispatcher: { retry: 'once' } });
  const { receiver } = harness;
  receiver.on('/bad').always(500);
  const { id } = await harness.createEndpoint({
    url: receiver.urlOf('/bad'),
    events: ['job.**'],
    ...settings,
  });
  await harness.createEndpoint({ url: receiver.urlOf('/ops'), events });
  return { ...harness, id };
}

const told = ({ receiver }: Harness, path = '/ops'): { type: string; data: Record<string, unknown> }[] =>
  receiver.requests
    .filter((request) => request.path === path)
    .map((request) => request.json() as { type: string; data: Record<string, unknown> });

describe('operational webhooks', () => {
  it('tell endpoints that ask for them what became of others', async () => {
    const harness = await setup(['posthorn.**']);
    await harness.dispatcher.emit('job.done', {}, { metadata: { run: 7 } });
    await harness.advance(0);
    expect(told(harness)).toMatchObject([
      {
        type: 'posthorn.delivery.exhausted',
        timestamp: new Date(harness.clock.now()).toISOString(),
        data: {
          endpoint: { id: harness.id },
          message: { type: 'job.done', tenant: 'default', metadata: { run: 7 } },
          reason: 'http_status',
          status: 500,
          attempt: 1,
        },
      },
    ]);
    await harness.dispatcher.endpoints.update(harness.id, { status: 'disabled' });
    await harness.advance(0);
    expect(told(harness)[1]).toMatchObject({
      type: 'posthorn.endpoint.disabled',
      data: { endpoint: { id: harness.id }, reason: 'manual' },
    });
    expect(told(harness)[1]!.data).not.toHaveProperty('at');
    await harness.close();
  });

  it('tell nothing of the network of the dispatcher', async () => {
    const harness = await createHarness({
      dispatcher: {
        retry: 'once',
        network: {
          allowPrivate: ['127.0.0.0/8'],
          lookup: (_host, _options, done) => done(null, [{ address: '10.1.2.3', family: 4 }]),
        },
      },
    });
    await harness.createEndpoint({ url: 'http://inside.example/', events: ['job.**'] });
    await harness.createEndpoint({ url: harness.receiver.urlOf('/ops'), events: ['posthorn.**'] });
    const details: string[] = [];
    harness.dispatcher.on('delivery.exhausted', ({ detail }) => void details.push(detail));
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(details).toEqual([expect.stringContaining('10.1.2.3')]);
    expect(told(harness)).toMatchObject([{ data: { reason: 'blocked' } }]);
    expect(harness.receiver.requests[0]!.text).not.toContain('10.1.2.3');
    await harness.close();
  });

  it('are nothing that asks for everything else', async () => {
    const harness = await setup(['*']);
    await harness.createEndpoint({ url: harness.receiver.urlOf('/all'), events: ['**'] });
    await harness.createEndpoint({ url: harness.receiver.urlOf('/deep'), events: ['**.exhausted', '*.*.*'] });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    const { items } = await harness.dispatcher.messages.list();
    expect(items.map(({ type }) => type)).toEqual(['job.done']);
    expect(told(harness, '/deep')).toEqual([]);
    await harness.close();
  });

  it('choose by pattern and filter, and stay within their tenant', async () => {
    const harness = await setup(['posthorn.endpoint.*']);
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({
      url: receiver.urlOf('/picky'),
      events: ['posthorn.delivery.exhausted'],
      filter: { 'data.message.type': 'job.lost' },
    });
    await harness.createEndpoint({ url: receiver.urlOf('/other'), events: ['posthorn.**'], tenant: 'other' });
    await dispatcher.emit('job.done', {});
    await dispatcher.emit('job.lost', {});
    await harness.advance(0);
    expect([told(harness).length, told(harness, '/picky').length, told(harness, '/other').length]).toEqual([
      0, 1, 0,
    ]);
    await harness.close();
  });

  it('go in no circles: none is about one, and no endpoint is told about itself', async () => {
    const harness = await setup(['posthorn.**']);
    const { dispatcher, receiver } = harness;
    receiver.on('/ops').always(500);
    const self = await harness.createEndpoint({
      url: receiver.urlOf('/self'),
      events: ['**', 'posthorn.**'],
    });
    receiver.on('/self').always(500);
    await dispatcher.emit('job.done', {});
    await harness.advance(0);
    // Of /bad both are told, of /self the other one, of what these become nobody.
    expect(
      told(harness)
        .map(({ data }) => (data['endpoint'] as { id: string }).id)
        .sort(),
    ).toEqual([harness.id, self.id].sort());
    expect(told(harness, '/self').map(({ type }) => type)).toEqual([
      'job.done',
      'posthorn.delivery.exhausted',
    ]);
    await harness.close();
  });

  it('follow the breaker and the end of an endpoint', async () => {
    const harness = await setup(['posthorn.endpoint.*'], {
      breaker: { minAttempts: 3, openMs: 60_000, maxOpenMs: 60_000 },
      autoDisable: { failingAfterMs: 60_000, afterMs: 600_000 },
      concurrency: 1,
    });
    for (let n = 0; n < 100; n += 1) await harness.dispatcher.emit('job.done', n);
    await harness.advance(1_200_000);
    const types = told(harness).map(({ type }) => type);
    expect([...new Set(types)]).toEqual([
      'posthorn.endpoint.blocked',
      'posthorn.endpoint.failing',
      'posthorn.endpoint.disabled',
    ]);
    expect(types.filter((type) => type === 'posthorn.endpoint.failing')).toHaveLength(1);
    await harness.close();
  });

  it('need no place in a catalog, and leave their names to nobody else', async () => {
    const events = defineEvents({ 'job.done': z.number() });
    await using harness = await createHarness({ dispatcher: { events } });
    await harness.createEndpoint({ events: ['posthorn.endpoint.*', 'job.*'] });
    await using plain = await createHarness();
    await expect(plain.dispatcher.emit('posthorn.endpoint.disabled', {})).rejects.toThrow(
      /types that begin with "posthorn\." are those of operational webhooks/,
    );
    await expect(plain.createEndpoint({ events: ['job.*', 'posthorn.endpoint.disabeld'] })).rejects.toThrow(
      'endpoint.events[1]: expected an operational webhook, or a pattern that covers one, got "posthorn.endpoint.disabeld". Did you mean "posthorn.endpoint.disabled"?',
    );
    await expect(plain.createEndpoint({ events: ['posthorn'] })).rejects.toThrow(
      /Known are posthorn\.endpoint/,
    );
  });

  it('tell of no pause that one of them led to: two endpoints that always ask for one are not told of each other for ever', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const retry = { kind: 'schedule', delaysMs: Array<number>(50).fill(1_000) } as const;
    receiver.always({ status: 429, headers: { 'retry-after': '1' } });
    await harness.createEndpoint({ url: receiver.urlOf('/job'), events: ['job.**'], retry: 'once' });
    for (const path of ['/one', '/two'])
      await harness.createEndpoint({ url: receiver.urlOf(path), events: ['posthorn.**'], retry });
    await dispatcher.emit('job.done', 1);
    await harness.advance(60_000);
    const { items } = await dispatcher.messages.list();
    expect(items.map(({ type }) => type).sort()).toEqual([
      'job.done',
      'posthorn.delivery.exhausted',
      'posthorn.endpoint.blocked',
    ]);
  });

  it('tell of no failures that one of them led to: two endpoints that fail now and then are not told of each other for ever', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const flaky = { autoDisable: { failingAfterMs: 0, afterMs: 86_400_000 }, breaker: false } as const;
    const retry = { kind: 'schedule', delaysMs: Array<number>(10).fill(1_000) } as const;
    receiver.on('/job').always(500);
    await harness.createEndpoint({ url: receiver.urlOf('/job'), events: ['job.**'], retry: 'once' });
    for (const path of ['/one', '/two']) {
      receiver.on(path).reply(...Array.from({ length: 300 }, () => [500, 500, 204]).flat());
      await harness.createEndpoint({ ...flaky, url: receiver.urlOf(path), events: ['posthorn.**'], retry });
    }
    const events = recordEvents(dispatcher, 'endpoint.failing', 'endpoint.recovered');
    await dispatcher.emit('job.done', 1);
    await harness.advance(60_000);
    const { items } = await dispatcher.messages.list();
    expect(items.map(({ type }) => type).sort()).toEqual(['job.done', 'posthorn.delivery.exhausted']);
    // The process itself hears of it.
    expect(events.map(({ name }) => name).sort()).toEqual([
      'endpoint.failing',
      'endpoint.failing',
      'endpoint.recovered',
      'endpoint.recovered',
    ]);
  });

  it('tell of failures and of recovery when the messages of the application led to them', async () => {
    const autoDisable = { failingAfterMs: 0, afterMs: 86_400_000 };
    await using harness = await setup(['posthorn.endpoint.*'], { autoDisable });
    for (const n of [1, 2]) await harness.dispatcher.emit('job.done', n);
    await harness.advance(0);
    harness.receiver.on('/bad').always(204);
    await harness.dispatcher.emit('job.done', 3);
    await harness.advance(0);
    expect(told(harness).map(({ type }) => type)).toEqual([
      'posthorn.endpoint.failing',
      'posthorn.endpoint.recovered',
    ]);
  });
});
