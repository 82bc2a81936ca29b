import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../../src/core/event-catalog.ts';
import type { SchemaResult, StandardSchema } from '../../src/core/standard-schema.ts';
import { FunctionError, OptionsError, PayloadError, StoppedError } from '../../src/errors.ts';
import type { Logger } from '../../src/lifecycle-events.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { createWorld, recordEvents, turn } from '../support/world.ts';

const order = z.object({
  id: z.string().trim(),
  total: z.coerce.number<string | number>(),
  currency: z.string().default('EUR'),
  items: z.array(z.object({ price: z.number() })).optional(),
});
const user = v.object({ name: v.pipe(v.string(), v.toUpperCase()), admin: v.optional(v.boolean(), false) });
const catalog = defineEvents({ 'order.paid': order, 'user.created': user });

/** A schema without a library. */
function schemaOf(
  validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>,
): StandardSchema {
  return { '~standard': { version: 1, vendor: 'hand', validate } };
}

/** A result with a member that throws when it is read. */
function brokenAt(member: string): SchemaResult<unknown> {
  const get = (): never => {
    throw new Error('broken');
  };
  return Object.defineProperty({ value: 1 }, member, { get });
}

async function sentBy(harness: Pick<Harness, 'advance' | 'receiver'>): Promise<unknown[]> {
  await harness.advance(0);
  return harness.receiver.requests.map(({ text }) => JSON.parse(text) as unknown);
}

describe('emit with an event catalog', () => {
  it('stores, filters and sends what the schema makes of the data', async () => {
    await using harness = await createHarness({ dispatcher: { events: catalog, envelope: 'raw' } });
    await harness.createEndpoint({
      events: ['order.*'],
      filter: { 'data.currency': 'EUR', 'data.total': 12 },
    });
    const { id } = await harness.dispatcher.emit('order.paid', { id: ' 7 ', total: '12' });
    expect(await sentBy(harness)).toEqual([{ id: '7', total: 12, currency: 'EUR' }]);
    expect((await harness.dispatcher.messages.get(id)).dataJson).toBe(
      '{"id":"7","total":12,"currency":"EUR"}',
    );
  });

  it('takes schemas of any library', async () => {
    await using harness = await createHarness({ dispatcher: { events: catalog, envelope: 'raw' } });
    await harness.createEndpoint();
    await harness.dispatcher.emit('user.created', { name: 'ada' });
    expect(await sentBy(harness)).toEqual([{ name: 'ADA', admin: false }]);
  });

  it('refuses an unknown type and stores nothing', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ events: catalog });
    const error: unknown = await dispatcher
      .emit('order.piad', { id: '7' })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({
      path: 'type',
      message: expect.stringContaining('Did you mean "order.paid"?'),
    });
    await expect(dispatcher.emit('toString', {})).rejects.toThrow('Known are order.paid, user.created.');
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });

  it('refuses data that does not pass, names the place and shows no value', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ events: catalog });
    const items = [{ price: 1 }, { price: 'top secret' }];
    const emitted = dispatcher.emit('order.paid', { id: '7', total: 1, items });
    await expect(emitted).rejects.toBeInstanceOf(PayloadError);
    await expect(emitted).rejects.toMatchObject({ path: 'data.items[1].price' });
    await expect(dispatcher.emit('user.created', { name: 411111 })).rejects.toThrow(
      'The data of "user.created" does not pass its schema: data.name: Invalid type: Expected string but received ….',
    );
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });

  it('reports a refusal that nobody awaits by the error event', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ events: catalog });
    const events = recordEvents(dispatcher, 'error');
    await expect(dispatcher.emit('order.paid', {})).rejects.toThrow();
    expect(events).toEqual([
      { name: 'error', event: expect.objectContaining({ error: expect.any(PayloadError) }) },
    ]);
  });

  it('serialises at the call where the schema answers at once', async () => {
    await using harness = await createHarness({
      dispatcher: { events: defineEvents({ 'a.b': z.unknown() }), envelope: 'raw' },
    });
    await harness.createEndpoint();
    await harness.dispatcher.start();
    const data = { n: 1 };
    const emitted = harness.dispatcher.emit('a.b', data);
    data.n = 2;
    await emitted;
    expect(await sentBy(harness)).toEqual([{ n: 1 }]);
  });

  it('waits for a schema that answers later, and keeps options and time as they were', async () => {
    const events = defineEvents({
      'a.b': schemaOf(async (value) => ({ value: { seen: value } })),
      'c.d': z.string().refine(async (text) => text !== 'bad'),
    });
    await using harness = await createHarness({ dispatcher: { events, envelope: 'raw' } });
    await harness.createEndpoint();
    const options = { tenant: 'default', metadata: { a: 1 } };
    const timestamp = new Date(5);
    const emitted = harness.dispatcher.emit('a.b', 1, options);
    const dated = harness.dispatcher.emit('a.b', 1, { ...options, timestamp });
    options.tenant = 'other';
    options.metadata.a = 2;
    timestamp.setTime(6);
    const startedAt = harness.clock.now();
    const { messages } = harness.dispatcher;
    const kept = { tenant: 'default', metadata: { a: 1 } };
    expect(await messages.get((await emitted).id)).toMatchObject({ ...kept, timestamp: startedAt });
    expect(await messages.get((await dated).id)).toMatchObject({ ...kept, timestamp: 5 });
    expect(await sentBy(harness)).toEqual([{ seen: 1 }, { seen: 1 }]);
    await expect(harness.dispatcher.emit('c.d', 'bad')).rejects.toBeInstanceOf(PayloadError);
    const wrong = { tennant: 'x' } as object;
    await expect(harness.dispatcher.emit('a.b', 1, wrong)).rejects.toThrow('Did you mean "tenant"?');
  });

  it('refuses what a schema lets through after the stop', async () => {
    let answer: (result: SchemaResult<unknown>) => void = () => undefined;
    const late = schemaOf(() => new Promise((resolve) => (answer = resolve)));
    const dispatcher = new WebhookDispatcher({ events: defineEvents({ 'a.b': late }) });
    await dispatcher.start();
    const emitted = dispatcher.emit('a.b', 1);
    await dispatcher.stop();
    answer({ value: 1 });
    await expect(emitted).rejects.toBeInstanceOf(StoppedError);
  });

  it.each<[what: string, validate: Parameters<typeof schemaOf>[0]]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('broken');
      },
    ],
    ['answers with what cannot be read', () => brokenAt('value')],
    ['answers with what cannot be waited for', () => brokenAt('then')],
    [
      'answers with a promise whose then throws',
      () =>
        Object.assign(Promise.resolve({ value: 1 }), {
          then: () => {
            throw new Error('broken');
          },
        }),
    ],
    ['answers with nothing', () => undefined as unknown as SchemaResult<unknown>],
    ['answers with nothing later', async () => undefined as unknown as SchemaResult<unknown>],
    [
      'answers with issues that are no list',
      () => ({ issues: 'broken' }) as unknown as SchemaResult<unknown>,
    ],
  ])('names the type when a schema %s', async (_, validate) => {
    const dispatcher = new WebhookDispatcher({ events: defineEvents({ 'a.b': schemaOf(validate) }) });
    const emitted = dispatcher.emit('a.b', 1);
    await expect(emitted).rejects.toBeInstanceOf(FunctionError);
    await expect(emitted).rejects.toThrow(/^The schema of the event type "a\.b" threw: /);
  });

  it('stores nothing that a promise with a then of its own makes up', async () => {
    const smuggled = { value: 'smuggled' } as unknown as Promise<never>;
    const odd = schemaOf(() => Object.assign(Promise.resolve({ value: 1 }), { then: () => smuggled }));
    await using world = await createWorld();
    const dispatcher = world.start({ events: defineEvents({ 'a.b': odd }) });
    await dispatcher.start();
    void dispatcher.emit('a.b', 1);
    for (let count = 0; count < 5; count += 1) await turn();
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });

  it('refuses what JSON cannot carry after the schema', async () => {
    const events = defineEvents({ 'a.b': z.string().transform(BigInt) });
    const dispatcher = new WebhookDispatcher({ events });
    await expect(dispatcher.emit('a.b', '7')).rejects.toThrow('data cannot be sent as JSON: got a BigInt');
  });

  it('serves attached emitters too', async () => {
    const { EventEmitter } = await import('node:events');
    await using harness = await createHarness({ dispatcher: { events: catalog, envelope: 'raw' } });
    await harness.createEndpoint();
    const source = new EventEmitter();
    const errors = recordEvents(harness.dispatcher, 'error');
    harness.dispatcher.attach(source, { events: ['order.paid'] });
    source.emit('order.paid', { id: '7', total: 1 });
    source.emit('order.paid', { id: 7 });
    expect(await sentBy(harness)).toEqual([{ id: '7', total: 1, currency: 'EUR' }]);
    expect(errors).toHaveLength(1);
  });

  it('sends to endpoints what the schema makes of any data', async () => {
    const schema = z.object({
      text: z.string().toUpperCase(),
      n: z.number().int().default(7),
      list: z.array(z.string().transform((text) => text.length)),
      at: z.iso.datetime().optional(),
    });
    await using harness = await createHarness({
      dispatcher: { events: defineEvents({ 'a.b': schema }), envelope: 'raw' },
    });
    await harness.createEndpoint();
    const input = fc.record(
      { text: fc.string(), n: fc.option(fc.integer(), { nil: undefined }), list: fc.array(fc.string()) },
      { requiredKeys: ['text', 'list'] },
    );
    await fc.assert(
      fc.asyncProperty(input, async (data) => {
        await harness.dispatcher.emit('a.b', data);
        expect((await sentBy(harness)).at(-1)).toEqual(JSON.parse(JSON.stringify(schema.parse(data))));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a deprecated event type', () => {
  it('is warned about once, when it is emitted', async () => {
    const lines: string[] = [];
    const log = (_: object, message: string): void => void lines.push(message);
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn: log, error: log };
    const events = defineEvents({
      'a.old': { schema: z.unknown(), deprecated: 'Use a.new.' },
      'a.older': z.unknown().meta({ deprecated: true }),
      'a.new': z.unknown(),
    });
    await using dispatcher = new WebhookDispatcher({ events, logger });
    dispatcher.eventTypes();
    expect(lines).toEqual([]);
    for (const type of ['a.old', 'a.old', 'a.older', 'a.new'] as const) await dispatcher.emit(type, 1);
    expect(lines).toEqual([
      'the event type "a.old" is deprecated, and was emitted. Use a.new.',
      'the event type "a.older" is deprecated, and was emitted.',
    ]);
  });
});

describe('endpoints with an event catalog', () => {
  const url = 'https://example.com/hooks';

  it('subscribe to types that exist', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start({ events: catalog });
    await expect(endpoints.create({ url, events: ['order.*', 'order.piad'] })).rejects.toMatchObject({
      path: 'endpoint.events[1]',
      message: expect.stringContaining('Did you mean "order.paid"?'),
    });
    await expect(endpoints.create({ url, events: ['odrer.*'] })).rejects.toThrow('Did you mean "order.*"?');
    const { id } = await endpoints.create({ url, events: ['order.**'] });
    await expect(endpoints.update(id, { events: ['usr.created'] })).rejects.toThrow(
      'Did you mean "user.created"?',
    );
    expect((await endpoints.get(id)).events).toEqual(['order.**']);
    expect((await endpoints.create({ url })).events).toEqual(['**']);
  });

  it('keep what they have, also when the catalog no longer has it', async () => {
    await using world = await createWorld();
    const before = world.start();
    const { id } = await before.endpoints.create({ url, events: ['legacy.event'] });
    const { endpoints } = world.start({ events: catalog });
    await endpoints.update(id, { name: 'renamed' });
    const changed = await endpoints.update(id, { events: ['legacy.event', 'order.paid'] });
    expect(changed.events).toEqual(['legacy.event', 'order.paid']);
    await expect(endpoints.update(id, { events: ['legacy.evnt'] })).rejects.toBeInstanceOf(OptionsError);
  });

  it('can be tested: the test message is in no catalog', async () => {
    await using harness = await createHarness({ dispatcher: { events: catalog } });
    const { id } = await harness.createEndpoint();
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
  });
});

describe('eventTypes', () => {
  it('lists what is known, in the order of the names', () => {
    const types = new WebhookDispatcher({ events: catalog }).eventTypes();
    expect(types.map(({ type }) => type)).toEqual(['order.paid', 'user.created']);
    expect(types[0]!.jsonSchema).toMatchObject({ required: ['id', 'total', 'currency'] });
    expect(types[1]!.jsonSchema).toBeUndefined();
  });

  it('is empty without a catalog', () => {
    expect(new WebhookDispatcher().eventTypes()).toEqual([]);
  });
});

describe('attach with a catalog', () => {
  it('refuses a type that the catalog does not know, unless map has a say in it', async () => {
    await using dispatcher = new WebhookDispatcher({
      events: defineEvents({ 'job.done': z.object({ n: z.number() }) }),
    });
    const source = new EventEmitter();
    const attach = (events: readonly string[]): unknown =>
      dispatcher.attach(source, { events: events as readonly 'job.done'[] });
    expect(() => attach(['job.dome'])).toThrow('job.done');
    expect(source.listenerCount('job.dome')).toBe(0);
    dispatcher.attach(source, {
      events: { finished: 'job.done' },
      map: (_type, value) => ({ data: { n: value } }),
    });
    source.emit('finished', 7);
    await dispatcher.drain();
    expect((await dispatcher.messages.list()).items).toMatchObject([{ type: 'job.done', data: { n: 7 } }]);
  });
});
