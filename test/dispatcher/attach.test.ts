import { EventEmitter } from 'node:events';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import type { EventSource } from '../../src/sources.ts';
import { createWorld, recordEvents, until, type World } from '../support/world.ts';

type Emitter = EventSource & {
  emit(event: string, ...values: unknown[]): boolean;
  listenerCount(event: string): number;
};
const EMITTERS: readonly [name: string, create: () => Emitter][] = [
  ["Node's EventEmitter", () => new EventEmitter()],
  ['eventemitter3', () => new EventEmitter3()],
];

async function messagesOf(
  world: World,
  count: number,
): Promise<{ type: string; dataJson: string; tenant: string }[]> {
  const list = (): ReturnType<typeof world.store.list<'messages'>> =>
    world.store.list({ of: 'messages', where: {}, limit: 100 });
  await until(async () => (await list()).items.length >= count, `${count} messages are stored`);
  return [...(await list()).items].reverse();
}

describe.each(EMITTERS)('attach to %s', (_name, create) => {
  it('emits the named events with their first value, and delivers them', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url });
    const source = create();
    dispatcher.attach(source, { events: ['job.done', 'job.failed'] });
    source.emit('job.done', { n: 1 }, 'ignored');
    source.emit('job.other', { n: 2 });
    source.emit('job.failed');
    expect(await messagesOf(world, 2)).toMatchObject([
      { type: 'job.done', dataJson: '{"n":1}' },
      { type: 'job.failed', dataJson: 'null' },
    ]);
    await world.receiver.waitFor(2);
  });

  it('renames events, maps values, drops what map leaves out, and sets the tenant', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const source = create();
    dispatcher.attach(source, {
      events: { done: 'job.done', user: 'user.changed' },
      tenant: 'acme',
      map: (type, ...values) => {
        const [id, isSecret] = values as [string, boolean | undefined];
        if (isSecret === true) return undefined;
        return {
          data: { type, id },
          ...(type === 'user.changed' ? { type: 'user.renamed', tenant: 'own' } : {}),
        };
      },
    });
    source.emit('done', 'a');
    source.emit('done', 'b', true);
    source.emit('user', 'c');
    expect(await messagesOf(world, 2)).toMatchObject([
      { type: 'job.done', dataJson: '{"type":"job.done","id":"a"}', tenant: 'acme' },
      { type: 'user.renamed', tenant: 'own' },
    ]);
  });

  it('listens no more after it was ended, and leaves other listeners alone', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const source = create();
    let heard = 0;
    source.on('job.done', () => void (heard += 1));
    const end = dispatcher.attach(source, { events: ['job.done'] });
    expect(source.listenerCount('job.done')).toBe(2);
    end();
    end();
    expect(source.listenerCount('job.done')).toBe(1);
    source.emit('job.done', {});
    await world.advance(0);
    expect(heard).toBe(1);
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });
});

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
});
