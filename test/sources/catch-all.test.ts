import { EventEmitter } from 'node:events';
import eventemitter2 from 'eventemitter2';
import { describe, expect, it } from 'vitest';
import { messagesOf, ofEventEmitter2, ofMitt, WITH_CATCH_ALL } from '../support/sources.ts';
import { createWorld, recordEvents, type World } from '../support/world.ts';

const typesOf = async (world: World, count: number): Promise<string[]> =>
  (await messagesOf(world, count)).map(({ type }) => type);

describe.each(WITH_CATCH_ALL)('attach to %s, by pattern', (_name, create) => {
  it('delivers what the patterns cover under its own name, once', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url, ordering: 'fifo' });
    const { source, emit, listeners } = create();
    dispatcher.attach(source, { events: ['job.*', 'job.done', '*.done', 'user.created'] });
    expect(listeners('job.done')).toBe(1);
    await emit('job.done', { n: 1 });
    await emit('job.step.done', { n: 2 });
    await emit('user.created', { n: 3 });
    await emit('user.removed', { n: 4 });
    await emit('image.done');
    const requests = await world.receiver.waitFor(3);
    await world.advance(0);
    expect(requests.map((request) => request.json())).toMatchObject([
      { type: 'job.done', data: { n: 1 } },
      { type: 'user.created', data: { n: 3 } },
      { type: 'image.done', data: null },
    ]);
    expect(world.receiver.received).toBe(3);
  });

  it('reports a name that is no event type once, and goes on', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const { source, emit } = create();
    dispatcher.attach(source, { events: ['**'] });
    for (let n = 0; n < 3; n += 1) await emit('job:done', { n });
    await emit('job/failed', {});
    await emit('job.done', {});
    expect(await typesOf(world, 1)).toEqual(['job.done']);
    expect(errors.map(({ event }) => (event['error'] as Error).message)).toEqual([
      expect.stringMatching(/^events: a pattern covers "job:done" \(string\), which is no event type/),
      expect.stringMatching(/^events: a pattern covers "job\/failed" \(string\)/),
    ]);
    expect((await dispatcher.health()).refusedEvents).toBe(0);
  });

  it('reports a hundred such names at most', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const { source, emit } = create();
    dispatcher.attach(source, { events: ['*'] });
    for (let n = 0; n < 150; n += 1) await emit(`job:${n}`, {});
    expect(errors).toHaveLength(100);
  });

  it('lets map give a type to a name that is none', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const { source, emit } = create();
    dispatcher.attach(source, {
      events: ['*'],
      map: (name, data) => (name === 'internal' ? undefined : { type: name.replaceAll(':', '.'), data }),
    });
    await emit('job:done', {});
    await emit('internal', {});
    expect(await typesOf(world, 1)).toEqual(['job.done']);
    expect(errors).toEqual([]);
  });

  it('listens no more after it was ended', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const { source, emit, listeners } = create();
    const end = dispatcher.attach(source, { events: ['job.*'] });
    dispatcher.attach(source, { events: { 'job.done': 'other.done' } });
    expect(listeners('job.done')).toBe(2);
    end();
    end();
    expect(listeners('job.done')).toBe(1);
    await emit('job.done', {});
    expect(await typesOf(world, 1)).toEqual(['other.done']);
    await dispatcher.stop();
    expect(listeners('job.done')).toBe(0);
  });
});

describe('attach to mitt', () => {
  it('ignores symbols', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const { source, emit } = ofMitt();
    dispatcher.attach(source, { events: ['*'] });
    emit(Symbol('internal') as never, {});
    emit('job.done', {});
    expect(await typesOf(world, 1)).toEqual(['job.done']);
    expect(errors).toEqual([]);
  });

  it("refuses '*' as a name: the listener would be handed names as data", async () => {
    await using world = await createWorld();
    const { source, listeners } = ofMitt();
    const dispatcher = world.start();
    expect(() => dispatcher.attach(source, { events: { 'job.done': 'job.done', '*': 'any.event' } })).toThrow(
      "events: ['*']",
    );
    expect(listeners('job.done')).toBe(0);
  });

  it('is not what an EventEmitter with a Map called all is', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const source = Object.assign(new EventEmitter(), { all: new Map() });
    expect(() => dispatcher.attach(source, { events: ['job.*'] })).toThrow(/List the names/);
    dispatcher.attach(source, { events: { '*': 'star.emitted' } });
    source.emit('*', 1);
    expect(await typesOf(world, 1)).toEqual(['star.emitted']);
  });
});

describe('attach to eventemitter2', () => {
  it('joins the segments of a name, and leaves out what the emitter tells of itself', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const source = new eventemitter2.EventEmitter2({
      wildcard: true,
      newListener: true,
      removeListener: true,
    });
    dispatcher.attach(source, { events: ['**'] });
    const listener = (): void => undefined;
    source.on('job.done', listener);
    source.off('job.done', listener);
    source.emit(['job', 'done'], {});
    expect(await typesOf(world, 1)).toEqual(['job.done']);
    const delimited = ofEventEmitter2({ wildcard: true, delimiter: '::' });
    const errors = recordEvents(dispatcher, 'error');
    dispatcher.attach(delimited.source, { events: ['*'] });
    delimited.emit(['user', 'created'] as never, {});
    expect((errors[0]!.event['error'] as Error).message).toContain('"user::created"');
  });

  it('hands map all values of an event that a pattern covers', async () => {
    await using world = await createWorld();
    const { source, emit } = ofEventEmitter2();
    world.start().attach(source, { events: ['job.*'], map: (_type, ...values) => ({ data: values }) });
    emit('job.done', 1, 2, 3, 4, 5);
    expect(await messagesOf(world, 1)).toMatchObject([{ dataJson: '[1,2,3,4,5]' }]);
  });
});
