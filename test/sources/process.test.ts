import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FunctionError, OptionsError, StoppedError } from '../../src/errors.ts';
import type { EventAdapter } from '../../src/sources.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { messagesOf } from '../support/sources.ts';
import { createWorld, decorateStore, recordEvents } from '../support/world.ts';

describe('process', () => {
  it('emits an event object, delivers it, and answers with the receipt', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url });
    const receipt = await dispatcher.process({ type: 'job.done', job_id: '42', progress: 100 });
    expect(receipt).toMatchObject({ duplicate: false, deliveries: [{}] });
    const [request] = await world.receiver.waitFor(1);
    expect(request!.json()).toMatchObject({ type: 'job.done', data: { job_id: '42', progress: 100 } });
    expect(request!.headers['webhook-id']).toBe(receipt!.id);
  });

  it.each([
    ['its own data', { type: 'a', data: [1], id: 'not-the-id', tenant: 'not-the-tenant' }, '[1]'],
    ['data that is null', { type: 'a', data: null, more: 1 }, 'null'],
    ['data that is undefined', { type: 'a', data: undefined, more: 1 }, 'null'],
    ['all other members', { type: 'a', id: '1', tenant: 'x' }, '{"id":"1","tenant":"x"}'],
    ['no other members', { type: 'a' }, '{}'],
    ['members of a class', Object.assign(new (class Job {})(), { type: 'a', n: 1 }), '{"n":1}'],
  ])('by default takes %s, and nothing else', async (_what, event, dataJson) => {
    await using world = await createWorld();
    await world.start().process(event);
    const [message] = await messagesOf(world, 1);
    expect(message).toMatchObject({ type: 'a', dataJson, tenant: 'default', metadata: undefined });
    expect(message!.id).toMatch(/^msg_/);
  });

  it('reads events with the event adapter, which may set what emit takes, and drop events', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({
      eventAdapter: (event: { kind: string; body: unknown; owner: string }) =>
        event.kind === 'heartbeat'
          ? undefined
          : { type: event.kind, data: event.body, tenant: event.owner, idempotencyKey: event.kind },
    });
    expect(await dispatcher.process({ kind: 'heartbeat' })).toBeUndefined();
    const event = { kind: 'job.done', body: { n: 1 }, owner: 'acme' };
    const receipt = await dispatcher.process(event);
    expect(await dispatcher.process(event)).toMatchObject({ id: receipt!.id, duplicate: true });
    expect(await messagesOf(world, 1)).toMatchObject([
      { type: 'job.done', dataJson: '{"n":1}', tenant: 'acme', idempotencyKey: 'job.done' },
    ]);
  });

  it('is bound: it can be a listener as it is, whatever else the broadcaster passes', async () => {
    await using world = await createWorld();
    const { process } = world.start();
    const broadcaster = new EventEmitter();
    broadcaster.on('event', process as (event: unknown) => void);
    broadcaster.emit('event', { type: 'job.done' }, 'more', 'values');
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.done' }]);
  });

  it.each([
    ['a number', 7, 'got 7 (number)'],
    ['nothing', undefined, 'got undefined'],
    ['null', null, 'got null'],
    ['a list', [{ type: 'a' }], 'got an array of 1 whose type is undefined'],
    ['no type', { event: 'a' }, 'got an object whose type is undefined'],
    ['a type that is no text', { type: 3 }, 'got an object whose type is 3 (number)'],
  ])('rejects, and reports, %s', async (_what, event, got) => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const error = await dispatcher.process(event).then(String, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(OptionsError);
    expect((error as OptionsError).path).toBe('event');
    expect((error as OptionsError).message).toContain(got);
    expect(errors).toMatchObject([{ event: { error } }]);
  });

  it('rejects what the dispatcher cannot emit, and reports it once', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    await expect(dispatcher.process({ type: 'job:done' })).rejects.toMatchObject({ path: 'type' });
    await expect(dispatcher.process({ type: 'job.done', n: 1n })).rejects.toMatchObject({ path: 'data.n' });
    expect(errors).toHaveLength(2);
    await dispatcher.stop();
    await expect(dispatcher.process({ type: 'job.done' })).rejects.toThrow(StoppedError);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
      'The option eventAdapter threw: no',
    ],
    ['is asynchronous', () => Promise.reject(new Error('later')), 'expected an event at once, got a promise'],
    ['gives no object', () => 7, 'expected { data } or undefined, got 7 (number)'],
  ])('rejects when the event adapter %s', async (_what, eventAdapter, message) => {
    // prettier-ignore
    await using world = await createWorld();
    const dispatcher = world.start({ eventAdapter: eventAdapter as unknown as EventAdapter });
    const errors = recordEvents(dispatcher, 'error');
    const error = await dispatcher.process({}).then(String, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(FunctionError);
    expect((error as FunctionError).message).toContain(message);
    expect(errors).toHaveLength(1);
  });

  it('refuses events beyond 10,000 that wait, apart from those of attached sources', async () => {
    await using world = await createWorld();
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const store = decorateStore(world.store, {
      append: (params) => opened.then(() => world.store.append(params)),
    });
    const dispatcher = world.start({ store });
    const errors = recordEvents(dispatcher, 'error');
    for (let n = 0; n < 10_000; n += 1) void dispatcher.process({ type: 'job.done', n });
    expect(errors).toEqual([]);
    const refused = dispatcher.process({ type: 'job.done', n: 10_000 });
    await expect(refused).rejects.toMatchObject({ code: 'source_overflow' });
    expect((await dispatcher.health()).refusedEvents).toBe(1);
    expect(errors).toMatchObject([{ event: { error: { code: 'source_overflow' } } }]);
    const source = new EventEmitter();
    dispatcher.attach(source, { events: ['job.attached'] });
    source.emit('job.attached');
    open();
    await dispatcher.emit('job.last', {});
    expect((await dispatcher.health()).refusedEvents).toBe(1);
    expect(await dispatcher.process({ type: 'job.done' })).toMatchObject({ duplicate: false });
  });
});

describe('eventAdapter', () => {
  it('has to be a function', () => {
    expect(() => new WebhookDispatcher({ eventAdapter: 'type' as never })).toThrow(
      /eventAdapter: expected a function, got "type" \(string\)/,
    );
  });
});
