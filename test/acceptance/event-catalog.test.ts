/** A catalog from `emit` to the receiver, and the page that its readers get. */
import { EventEmitter } from 'node:events';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConflictError, defineEvents, type Logger, renderEventCatalog, WebhookDispatcher } from 'posthorn';
import { createHarness } from 'posthorn/testing';
import { createWorld, recordEvents } from '../support/world.ts';

const catalog = defineEvents({
  'order.paid': z.object({
    id: z.string().trim().toLowerCase(),
    cents: z.coerce.number<string | number>(),
    currency: z.string().default('EUR'),
    at: z.iso
      .datetime()
      .transform((text) => new Date(text))
      .optional(),
  }),
  'user.created': v.object({ name: v.pipe(v.string(), v.trim()), admin: v.optional(v.boolean(), false) }),
});

describe('what the schema makes of the data', () => {
  it('reaches receiver, filters, functions, record and form, and nothing of what went in does', async () => {
    const seen: unknown[] = [];
    await using harness = await createHarness({
      dispatcher: {
        events: catalog,
        functions: {
          filter: {
            look: ({ data }) => {
              seen.push(data);
              return true;
            },
          },
          header: {
            currency: ({ message }) => (JSON.parse(message.dataJson) as { currency: string }).currency,
          },
        },
      },
    });
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({
      url: receiver.urlOf('/json'),
      envelope: 'raw',
      filter: { 'data.id': 'a-7', 'data.cents': { $gte: 1200 }, 'data.currency': 'EUR', $custom: 'look' },
      computedHeaders: { 'X-Currency': 'currency' },
    });
    await harness.createEndpoint({ url: receiver.urlOf('/form'), envelope: 'form' });
    await harness.createEndpoint({ url: receiver.urlOf('/raw-in'), filter: { 'data.id': ' A-7 ' } });
    const input = { id: ' A-7 ', cents: '1200', at: '2026-01-02T03:04:05Z', secret: 'dropped' };
    const { id } = await dispatcher.emit('order.paid', input);
    await harness.advance(0);
    const parsed = { id: 'a-7', cents: 1200, currency: 'EUR', at: '2026-01-02T03:04:05.000Z' };
    const bodies = Object.fromEntries(receiver.requests.map(({ path, text }) => [path, text]));
    expect(Object.keys(bodies).sort()).toEqual(['/form', '/json']);
    expect(JSON.parse(bodies['/json']!)).toEqual(parsed);
    expect(Object.fromEntries(new URLSearchParams(bodies['/form']))).toEqual({ ...parsed, cents: '1200' });
    expect(receiver.requests.find(({ path }) => path === '/json')!.headers['x-currency']).toBe('EUR');
    expect(seen).toEqual([parsed]);
    expect((await dispatcher.messages.get(id)).data).toEqual(parsed);
  });

  it('is what an idempotency key stands for', async () => {
    await using harness = await createHarness({ dispatcher: { events: catalog } });
    const { dispatcher } = harness;
    const key = { idempotencyKey: 'order-7' };
    const first = await dispatcher.emit('order.paid', { id: 'A', cents: '1200' }, key);
    const again = await dispatcher.emit('order.paid', { id: ' a ', cents: 1200, currency: 'EUR' }, key);
    expect([again.duplicate, again.id]).toEqual([true, first.id]);
    const other = dispatcher.emit('order.paid', { id: 'A', cents: '1201' }, key);
    await expect(other).rejects.toThrow(ConflictError);
    await expect(other).rejects.toMatchObject({ existingId: first.id });
  });

  it('differs each time with a default that does, which is a conflict', async () => {
    let count = 0;
    const events = defineEvents({ 'a.b': z.object({ n: z.number().default(() => (count += 1)) }) });
    await using harness = await createHarness({ dispatcher: { events } });
    await harness.dispatcher.emit('a.b', {}, { idempotencyKey: 'k' });
    await expect(harness.dispatcher.emit('a.b', {}, { idempotencyKey: 'k' })).rejects.toThrow(ConflictError);
  });

  it('counts against maxPayloadBytes, not what went in', async () => {
    const events = defineEvents({
      'a.long': z.string().transform((text) => text.repeat(100)),
      'a.short': z.string().transform((text) => text.length),
    });
    await using harness = await createHarness({ dispatcher: { events, maxPayloadBytes: 50 } });
    await expect(harness.dispatcher.emit('a.long', 'x')).rejects.toMatchObject({ code: 'invalid_payload' });
    await harness.dispatcher.emit('a.short', 'x'.repeat(1_000));
  });

  it('is checked for events of attached emitters and of process, after map and adapter', async () => {
    await using harness = await createHarness({ dispatcher: { events: catalog, envelope: 'raw' } });
    const { dispatcher, receiver } = harness;
    const errors = recordEvents(dispatcher, 'error');
    await harness.createEndpoint();
    const source = new EventEmitter();
    dispatcher.attach(source, {
      events: { signup: 'user.created' },
      map: (_, name) => ({ data: { name } }),
    });
    source.emit('signup', ' ada ');
    source.emit('signup', 7);
    await dispatcher.process({ type: 'user.created', data: { name: 'bob', admin: true } });
    await expect(dispatcher.process({ type: 'user.craeted', data: {} })).rejects.toThrow('user.created');
    await harness.advance(0);
    expect(receiver.requests.map((request) => request.json())).toEqual([
      { name: 'ada', admin: false },
      { name: 'bob', admin: true },
    ]);
    expect(errors.map(({ event }) => (event['error'] as { code: string }).code)).toEqual([
      'invalid_payload',
      'invalid_option',
    ]);
  });

  it('is sent to destinations too, and refused before they are looked at', async () => {
    await using harness = await createHarness({ dispatcher: { events: catalog, envelope: 'raw' } });
    const { dispatcher, receiver } = harness;
    const to = { url: receiver.url };
    await dispatcher.emit('user.created', { name: ' ada ' }, { to });
    await expect(dispatcher.emit('user.created', { name: 7 } as never, { to })).rejects.toThrow();
    await harness.advance(0);
    expect(receiver.requests.map(({ text }) => text)).toEqual(['{"name":"ada","admin":false}']);
  });
});

describe('refusals', () => {
  it('have the place of the first problem, the first five in the message, and no value', async () => {
    const events = defineEvents({ 'a.b': z.object({ list: z.array(z.object({ 'odd.key': z.number() })) }) });
    const dispatcher = new WebhookDispatcher({ events });
    const list = Array.from({ length: 7 }, () => ({ 'odd.key': 'hunter2' }));
    const error = await dispatcher.emit('a.b', { list } as never).catch((caught: unknown) => caught as Error);
    const { path, message } = error as Error & { path: string };
    expect(path).toMatch(/^data\.list\[0\]/);
    for (const n of [0, 1, 2, 3, 4]) expect(message).toContain(`list[${n}]`);
    for (const n of [5, 6]) expect(message).not.toContain(`list[${n}]`);
    expect(message).not.toContain('hunter2');
  });

  it.each<[definitions: object, named: string]>([
    [{ 'job done': z.string() }, 'job done'],
    [{ 'job.*': z.string() }, 'job.*'],
    [{ 'job.done': { type: 'object' } }, 'job.done'],
    [{ 'job.done': { schema: z.string(), deprecated: 7 } }, 'deprecated'],
    [{ 'job.done': { schema: z.string(), examples: 'x' } }, 'examples'],
    [{ 'job.done': { schema: z.string(), descriptoin: 'x' } }, 'description'],
    [{ 'job.done': null }, 'job.done'],
  ])('of defineEvents name the definition: %j', (definitions, named) => {
    const define = (): unknown => defineEvents(definitions as never);
    expect(define).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    expect(define).toThrow(named);
  });

  it('take posthorn.test for no event of the catalog, though endpoints get it', async () => {
    await using harness = await createHarness({ dispatcher: { events: catalog } });
    const { id } = await harness.createEndpoint({ events: ['order.*'] });
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
    await expect(harness.dispatcher.emit('posthorn.test' as never, {} as never)).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });
});

describe('deprecated types', () => {
  it('are warned about once for each type and dispatcher, however they are emitted', async () => {
    const lines: string[] = [];
    const warn = (_: object, message: string): void => void lines.push(message);
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn, error: warn };
    const events = defineEvents({
      'a.old': { schema: z.unknown(), deprecated: 'Use a.new.' },
      'a.older': { schema: z.unknown(), deprecated: true },
      'a.new': { schema: z.unknown(), deprecated: false },
    });
    await using world = await createWorld();
    const [one, other] = [world.start({ events, logger }), world.start({ events, logger })];
    await one.endpoints.create({ url: world.receiver.url, events: ['a.old'] });
    await one.explain('a.old', 1);
    const source = new EventEmitter();
    one.attach(source, { events: ['a.old'] });
    source.emit('a.old', 1);
    await one.emit('a.old', 2);
    await one.process({ type: 'a.old', data: 3 });
    await one.emit('a.new', 4);
    expect(lines.filter((line) => line.includes('a.old'))).toHaveLength(1);
    expect(lines[0]).toContain('Use a.new.');
    await one.emit('a.older', 5);
    await other.emit('a.old', 6);
    expect(lines.map((line) => /"([^"]+)"/.exec(line)![1])).toEqual(['a.old', 'a.older', 'a.old']);
    expect(lines.join(' ')).not.toContain('"a.new"');
    await world.advance(0);
    expect(world.receiver.received).toBe(4);
  });
});

describe('explain of a deprecated type', () => {
  it('warns of nothing, because nothing is emitted, and leaves the warning to the first emit', async () => {
    const lines: string[] = [];
    const warn = (_: object, message: string): void => void lines.push(message);
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn, error: warn };
    const events = defineEvents({ 'a.old': { schema: z.unknown(), deprecated: 'Use a.new.' } });
    await using dispatcher = new WebhookDispatcher({ events, logger });
    await dispatcher.explain('a.old', 1);
    expect(lines).toEqual([]);
    await dispatcher.emit('a.old', 1);
    expect(lines).toHaveLength(1);
  });
});

describe('bytes', () => {
  it('pass a schema as bytes, and are stored and sent as without one', async () => {
    const events = defineEvents({ 'file.ready': z.instanceof(Uint8Array) });
    await using harness = await createHarness({ dispatcher: { events, envelope: 'bytes' } });
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({ filter: { data: 'AQL/' } });
    const key = { idempotencyKey: 'file' };
    const { id } = await dispatcher.emit('file.ready', Uint8Array.of(1, 2, 255), key);
    expect(await dispatcher.emit('file.ready', Buffer.of(1, 2, 255), key)).toMatchObject({
      id,
      duplicate: true,
    });
    await expect(dispatcher.emit('file.ready', Uint8Array.of(1), key)).rejects.toThrow(ConflictError);
    await expect(dispatcher.emit('file.ready', 'AQL/' as never)).rejects.toMatchObject({ path: 'data' });
    expect((await dispatcher.explain('file.ready', Uint8Array.of(1))).items).toMatchObject([
      { verdict: 'filter', clause: { actual: 'AQ==' } },
    ]);
    await harness.advance(0);
    expect(receiver.requests.map(({ body }) => [...body])).toEqual([[1, 2, 255]]);
  });

  it('come from attached emitters and from process too', async () => {
    await using harness = await createHarness({ dispatcher: { envelope: 'bytes' } });
    await harness.createEndpoint({ ordering: 'fifo' });
    const source = new EventEmitter();
    harness.dispatcher.attach(source, { events: ['file.ready'] });
    source.emit('file.ready', Buffer.from('one'));
    await harness.dispatcher.process({ type: 'file.ready', data: Buffer.from('two') });
    await harness.advance(0);
    expect(harness.receiver.requests.map(({ text }) => text)).toEqual(['one', 'two']);
  });
});

describe('eventTypes', () => {
  it('has the JSON Schema of what is sent, draft 2020-12, with descriptions and examples', () => {
    const events = defineEvents({
      'b.typed': z
        .object({ pages: z.coerce.number<string>().int().default(1), note: z.string().optional() })
        .meta({ description: 'Of the schema.', examples: [{ pages: 2 }] }),
      'a.said': {
        schema: z.object({}).meta({ description: 'Of the schema.' }),
        description: 'Of the definition.',
        examples: [{ a: new Date(0) }],
        deprecated: 'Use b.typed.',
      },
    });
    const types = new WebhookDispatcher({ events }).eventTypes();
    expect(types.map(({ type }) => type)).toEqual(['a.said', 'b.typed']);
    expect(types[0]).toMatchObject({
      description: 'Of the definition.',
      examples: [{ a: '1970-01-01T00:00:00.000Z' }],
      deprecated: 'Use b.typed.',
    });
    expect(types[1]).toMatchObject({
      description: 'Of the schema.',
      examples: [{ pages: 2 }],
      deprecated: false,
      jsonSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { pages: { type: 'integer', default: 1 }, note: { type: 'string' } },
        required: ['pages'],
      },
    });
    expect(JSON.parse(JSON.stringify(types))).toMatchObject([{ type: 'a.said' }, { type: 'b.typed' }]);
  });

  it('takes a given JSON Schema, and has none where the library offers none', () => {
    const schema = v.object({ name: v.string() });
    const jsonSchema = {
      type: 'object',
      description: 'From outside.',
      properties: { name: { type: 'string' } },
    };
    const events = defineEvents({ 'a.given': { schema, jsonSchema }, 'b.none': { schema } });
    const [given, none] = new WebhookDispatcher({ events }).eventTypes();
    expect(given).toMatchObject({ jsonSchema, description: 'From outside.' });
    expect(none!.jsonSchema).toBeUndefined();
    const page = renderEventCatalog(events);
    expect(page).toContain('name');
    expect(page.slice(page.lastIndexOf('b.none'))).not.toContain('| name');
  });
});

describe('the page for readers', () => {
  const hostile = defineEvents({
    'order.paid': {
      schema: z.object({ 'na|me': z.string().describe('a | b\nc `d` <b>e</b>') }),
      description: '# not a heading\n\n<script>alert(1)</script>\n\n```\nnot a fence',
      examples: [{ text: '```\n# x\n```' }],
      deprecated: 'Use *order* | `x` <i>.',
    },
  });

  it('keeps rows of tables whole, fences closed, and takes no text for HTML or a heading', () => {
    const page = renderEventCatalog(hostile, { title: 'A <b> & *c*\n# d' });
    const lines = page.split('\n');
    const row = lines.find((line) => line.includes('na'))!;
    expect(row.replaceAll('\\|', '').split('|')).toHaveLength(
      lines[lines.indexOf(row) - 1]!.split('|').length,
    );
    expect(page).not.toMatch(/<script>|<b>|<i>/);
    const headings = outsideFences(lines).filter((line) => /^#{1,6} /.test(line));
    expect(headings).toHaveLength(2);
    const fence = lines.filter((line) => /^`{4,}/.test(line));
    expect(fence).toHaveLength(2);
  });

  it('has a heading of choice, Events by default, and the same text every time', () => {
    expect(renderEventCatalog(hostile).split('\n')[0]).toBe('# Events');
    expect(renderEventCatalog(catalog, { title: 'Webhooks of ACME' })).toBe(
      renderEventCatalog(catalog, { title: 'Webhooks of ACME' }),
    );
    expect(() => renderEventCatalog({} as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });
});

/** Lines of a page that are no code. */
function outsideFences(lines: readonly string[]): string[] {
  let fence: string | undefined;
  return lines.filter((line) => {
    const marks = /^`{3,}/.exec(line)?.[0];
    if (fence === undefined && marks !== undefined) {
      fence = marks;
      return false;
    }
    if (fence !== undefined && marks !== undefined && marks.length >= fence.length) {
      fence = undefined;
      return false;
    }
    return fence === undefined;
  });
}
