import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { OptionsError, StoppedError } from '../../src/errors.ts';
import { messagesOf } from '../support/sources.ts';
import { createWorld, recordEvents } from '../support/world.ts';

describe('attach', () => {
  it('serialises at once, so that a listener that changes the value later changes nothing', async () => {
    await using world = await createWorld();
    const source = new EventEmitter();
    world.start().attach(source, { events: ['job.done'] });
    const data = { n: 1 };
    source.emit('job.done', data);
    data.n = 2;
    expect(await messagesOf(world, 1)).toMatchObject([{ dataJson: '{"n":1}' }]);
  });

  it('reports what cannot be emitted and goes on', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const source = new EventEmitter();
    dispatcher.attach(source, { events: ['job.done'] });
    source.emit('job.done', { n: 1n });
    source.emit('job.done', { n: 2 });
    expect(await messagesOf(world, 1)).toMatchObject([{ dataJson: '{"n":2}' }]);
    expect(errors).toMatchObject([{ event: { error: { code: 'invalid_payload', path: 'data.n' } } }]);
  });

  it('ends with the dispatcher', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const source = new EventEmitter();
    const end = dispatcher.attach(source, { events: ['job.done'] });
    await dispatcher.stop();
    expect(source.listenerCount('job.done')).toBe(0);
    end();
  });

  it.each([
    ['no emitter', {}, { events: ['a'] }],
    ['nothing', undefined, { events: ['a'] }],
    ['a pattern', new EventEmitter(), { events: ['job.*'] }],
    ['no events', new EventEmitter(), { events: [] }],
    ['no list', new EventEmitter(), { events: 'job.done' }],
    ['a list with a bad type', new EventEmitter(), { events: ['not a type'] }],
    ['a pattern as the type of a name', new EventEmitter(), { events: { done: 'job.*' } }],
    ['a map that is no function', new EventEmitter(), { events: ['a'], map: {} }],
    ['a bad type', new EventEmitter(), { events: { done: 'not a type' } }],
    ['maxPending 0', new EventEmitter(), { events: ['a'], maxPending: 0 }],
    ['no options', new EventEmitter(), undefined],
    ['an unknown option', new EventEmitter(), { events: ['a'], maxPendign: 1 }],
  ])('refuses %s at once', async (_what, source, options) => {
    await using world = await createWorld();
    const dispatcher = world.start();
    expect(() => dispatcher.attach(source as never, options as never)).toThrow(OptionsError);
    if (source instanceof EventEmitter) expect(source.eventNames()).toEqual([]);
  });

  it('listens to nothing when it fails half way', async () => {
    await using world = await createWorld();
    const source = new EventEmitter();
    const on = source.on.bind(source);
    source.on = (name, listener) => {
      if (name === 'job.failed') throw new Error('no more listeners');
      return on(name, listener);
    };
    const attach = (): unknown => world.start().attach(source, { events: ['job.done', 'job.failed'] });
    expect(attach).toThrow('no more listeners');
    expect(source.eventNames()).toEqual([]);
  });

  it('removes every listener, although removing one of them throws', async () => {
    await using world = await createWorld();
    const source = new EventEmitter();
    const off = source.off.bind(source);
    source.off = (name, listener) => {
      if (name === 'a') throw new Error('not this one');
      return off(name, listener);
    };
    const dispatcher = world.start();
    const end = dispatcher.attach(source, { events: ['a', 'b', 'c'] });
    expect(end).toThrow('not this one');
    expect(source.eventNames()).toEqual(['a']);
    source.emit('a', 1);
    await world.advance(0);
    expect((await dispatcher.messages.list()).items).toEqual([]);
    expect(end).not.toThrow();
  });

  it('is refused by a stopped dispatcher', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.stop();
    const source = new EventEmitter();
    expect(() => dispatcher.attach(source, { events: ['job.done'] })).toThrow(StoppedError);
    expect(source.eventNames()).toEqual([]);
  });
});
