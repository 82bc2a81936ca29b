/** Sources together with tenants, destinations and keys; order and ends. */
import { EventEmitter } from 'node:events';
import Emittery from 'emittery';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import { describe, expect, it } from 'vitest';
import { OptionsError, StoppedError } from 'posthorn';
import { createHarness } from 'posthorn/testing';
import { recordEvents } from '../support/world.ts';

describe('what map may give', () => {
  it('is all that emit takes: recipients, tenant, id, key, metadata and time', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({
      tenant: 'acme',
      url: receiver.urlOf('/acme'),
      filter: { 'metadata.vip': true },
    });
    const source = new EventEmitter();
    dispatcher.attach(source, {
      events: { done: 'job.done' },
      tenant: 'acme',
      map: (type, id, url) => ({
        type: `${type}.mapped`,
        data: { id },
        id: id as string,
        idempotencyKey: `key-${String(id)}`,
        metadata: { vip: true },
        timestamp: 0,
        ...(url === undefined ? {} : { to: { url: url as string } }),
      }),
    });
    source.emit('done', 'one');
    source.emit('done', 'one');
    source.emit('done', 'two', receiver.urlOf('/adhoc'));
    await harness.advance(0);
    expect(receiver.requests.map(({ path, headers }) => [path, headers['webhook-id']]).sort()).toEqual([
      ['/acme', 'one'],
      ['/adhoc', 'two'],
    ]);
    expect(receiver.requests[0]!.json()).toMatchObject({
      type: 'job.done.mapped',
      timestamp: '1970-01-01T00:00:00.000Z',
    });
    expect((await dispatcher.messages.list({ tenant: 'acme' })).items).toHaveLength(2);
  });
});

it('one emitter attached for two tenants gives each its own, until one is detached', async () => {
  await using harness = await createHarness();
  const { dispatcher, receiver } = harness;
  for (const tenant of ['acme', 'umbrella'])
    await harness.createEndpoint({ tenant, url: receiver.urlOf(`/${tenant}`) });
  const source = new EventEmitter3();
  const detach = dispatcher.attach(source, { events: ['job.done'], tenant: 'acme' });
  dispatcher.attach(source, { events: ['job.done'], tenant: 'umbrella' });
  source.emit('job.done', 1);
  detach();
  detach();
  source.emit('job.done', 2);
  await harness.advance(0);
  const seen = receiver.requests.map((each) => [each.path, (each.json() as { data: number }).data]);
  expect(seen.sort()).toEqual([
    ['/acme', 1],
    ['/umbrella', 1],
    ['/umbrella', 2],
  ]);
});

it('events keep their order on the way to an endpoint that wants it', async () => {
  await using harness = await createHarness();
  await harness.createEndpoint({ ordering: 'fifo', envelope: 'raw' });
  const source = new EventEmitter();
  harness.dispatcher.attach(source, { events: ['job.done', 'job.failed'] });
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  for (const n of numbers) source.emit(n % 2 === 0 ? 'job.done' : 'job.failed', n);
  await harness.advance(0);
  expect(harness.receiver.requests.map((request) => request.json())).toEqual(numbers);
});

it('emittery does not wait for the store, nor for a receiver', async () => {
  await using harness = await createHarness();
  harness.receiver.hold();
  await harness.createEndpoint();
  const source = new Emittery<{ 'job.done': number }>();
  harness.dispatcher.attach(source, { events: ['job.*'] });
  await source.emit('job.done', 1);
  await harness.receiver.waitFor(1);
  harness.receiver.release();
  await harness.advance(0);
});

describe('attach refuses', () => {
  it.each<[options: unknown, path: string]>([
    [{ events: [] }, 'events'],
    [{ events: ['job done'] }, 'events'],
    [{ events: { done: 'job done' } }, 'events'],
    [{ events: ['job.done'], maxPending: 0 }, 'maxPending'],
    [{ events: ['job.done'], maxPending: 1.5 }, 'maxPending'],
    [{ events: ['job.done'], tenant: '' }, 'tenant'],
    [{ events: ['job.done'], map: 'job' }, 'map'],
    [{ events: ['job.done'], mapp: () => undefined }, 'mapp'],
    [undefined, 'events'],
  ])('%j, and listens to nothing', async (options, path) => {
    await using harness = await createHarness();
    const source = new EventEmitter();
    const attach = (): unknown => harness.dispatcher.attach(source, options as never);
    expect(attach).toThrow(OptionsError);
    expect(attach).toThrow(expect.objectContaining({ path: expect.stringContaining(path) }));
    expect(source.eventNames()).toEqual([]);
  });

  it.each([
    ["Node's EventEmitter", () => new EventEmitter()],
    ['eventemitter3', () => new EventEmitter3()],
    ['an EventTarget', () => new EventTarget()],
  ])('a pattern for %s, and says to list names', async (_, create) => {
    await using harness = await createHarness();
    const attach = (): unknown => harness.dispatcher.attach(create(), { events: ['job.*'] });
    expect(attach).toThrow(OptionsError);
    expect(attach).toThrow(/list/i);
  });

  it('everything after stop', async () => {
    const harness = await createHarness();
    const source = new EventEmitter();
    harness.dispatcher.attach(source, { events: ['job.done'] });
    await harness.close();
    expect(source.eventNames()).toEqual([]);
    expect(() => harness.dispatcher.attach(source, { events: ['job.done'] })).toThrow(StoppedError);
    await expect(harness.dispatcher.process({ type: 'job.done' })).rejects.toThrow(StoppedError);
  });
});

it('the default event adapter takes type and data, else all other members, and nothing else', async () => {
  await using harness = await createHarness();
  const errors = recordEvents(harness.dispatcher, 'error');
  const { dispatcher, clock } = harness;
  const kept = await dispatcher.process({
    type: 'a.b',
    data: { n: 1 },
    id: 'x',
    tenant: 'acme',
    timestamp: 0,
  });
  const rest = await dispatcher.process({ type: 'a.b', id: 'x', tenant: 'acme', to: 'nobody' });
  expect(await dispatcher.messages.get(kept!.id)).toMatchObject({
    tenant: 'default',
    data: { n: 1 },
    timestamp: clock.now(),
  });
  expect(kept!.id).not.toBe('x');
  expect((await dispatcher.messages.get(rest!.id)).data).toEqual({ id: 'x', tenant: 'acme', to: 'nobody' });
  for (const event of [null, 7, 'a.b', {}, { type: 7 }, ['a.b']])
    await expect(dispatcher.process(event)).rejects.toThrow(OptionsError);
  expect(errors).toHaveLength(6);
});
