import { describe, expect, it } from 'vitest';
import { messagesOf, WITH_CATCH_ALL, WITHOUT_CATCH_ALL } from '../support/sources.ts';
import { createWorld } from '../support/world.ts';

describe.each([...WITHOUT_CATCH_ALL, ...WITH_CATCH_ALL])('attach to %s, by name', (_name, create) => {
  it('delivers the named events to a receiver, and no others', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.endpoints.create({ url: world.receiver.url, ordering: 'fifo' });
    const { source, emit } = create();
    dispatcher.attach(source, { events: ['job.done', 'job.failed'] });
    await emit('job.done', { n: 1 });
    await emit('job.other', { n: 2 });
    await emit('job.failed');
    const requests = await world.receiver.waitFor(2);
    await world.advance(0);
    expect(world.receiver.received).toBe(2);
    expect(requests.map((request) => request.json())).toMatchObject([
      { type: 'job.done', data: { n: 1 } },
      { type: 'job.failed', data: null },
    ]);
  });

  it('renames events, maps what the source hands over, drops what map leaves out, sets the tenant', async () => {
    await using world = await createWorld();
    const { source, emit } = create();
    const read = (value: unknown): unknown =>
      value instanceof Event ? (value as CustomEvent).detail : value;
    world.start().attach(source, {
      events: { done: 'job.done', 'user:changed': 'user.changed' },
      tenant: 'acme',
      map: (type, value) => {
        const id = read(value);
        if (id === 'secret') return undefined;
        if (type === 'user.changed') return { type: 'user.renamed', tenant: 'own', data: id };
        return { data: { type, id }, tenant: undefined };
      },
    });
    await emit('done', 'a');
    await emit('done', 'secret');
    await emit('user:changed', 'c');
    expect(await messagesOf(world, 2)).toMatchObject([
      { type: 'job.done', dataJson: '{"type":"job.done","id":"a"}', tenant: 'acme' },
      { type: 'user.renamed', dataJson: '"c"', tenant: 'own' },
    ]);
  });

  it('emits an event once, although its name is listed twice', async () => {
    await using world = await createWorld();
    const { source, emit, listeners } = create();
    world.start().attach(source, { events: ['job.done', 'job.done'] });
    expect(listeners('job.done')).toBe(1);
    await emit('job.done', 1);
    await emit('job.done', 2);
    expect(await messagesOf(world, 2)).toMatchObject([{ dataJson: '1' }, { dataJson: '2' }]);
  });

  it('listens no more after it was ended, once or twice, and leaves other listeners alone', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const { source, emit, listeners } = create();
    const other = dispatcher.attach(source, { events: { 'job.done': 'other.done' } });
    const end = dispatcher.attach(source, { events: ['job.done', 'job.failed'] });
    expect([listeners('job.done'), listeners('job.failed')]).toEqual([2, 1]);
    end();
    end();
    expect([listeners('job.done'), listeners('job.failed')]).toEqual([1, 0]);
    await emit('job.done', {});
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'other.done' }]);
    other();
    expect(listeners('job.done')).toBe(0);
    await emit('job.done', {});
    await world.advance(0);
    expect(await messagesOf(world, 1)).toHaveLength(1);
  });

  it('ends with the dispatcher', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const { source, listeners } = create();
    dispatcher.attach(source, { events: ['job.done'] });
    expect(listeners('job.done')).toBe(1);
    await dispatcher.stop();
    expect(listeners('job.done')).toBe(0);
  });
});

describe.each(WITHOUT_CATCH_ALL)('attach to %s, by pattern', (_name, create) => {
  it('says that its names have to be listed, and listens to nothing', async () => {
    await using world = await createWorld();
    const { source, listeners } = create();
    const dispatcher = world.start();
    expect(() => dispatcher.attach(source, { events: ['job.done', 'job.*'] })).toThrow(
      /events: "job\.\*" is a pattern, and an .* has no way to listen to everything\. List the names/,
    );
    expect(listeners('job.done')).toBe(0);
  });
});

describe('attach to an emitter that passes several values', () => {
  it.each([
    ["Node's EventEmitter", WITHOUT_CATCH_ALL[0]![1]],
    ['eventemitter3', WITHOUT_CATCH_ALL[1]![1]],
    ['eventemitter2', WITH_CATCH_ALL[3]![1]],
  ])('%s: gives map all of them', async (_name, create) => {
    await using world = await createWorld();
    const { source, emit } = create();
    world.start().attach(source, { events: ['job.done'], map: (_type, ...values) => ({ data: values }) });
    emit('job.done', 'a', 2, { three: 3 }, [4]);
    expect(await messagesOf(world, 1)).toMatchObject([{ dataJson: '["a",2,{"three":3},[4]]' }]);
  });
});

describe('attach to an EventTarget', () => {
  it('takes events without a detail as events without data', async () => {
    await using world = await createWorld();
    const target = new EventTarget();
    world.start().attach(target, { events: ['job.done'] });
    target.dispatchEvent(new Event('job.done'));
    expect(await messagesOf(world, 1)).toMatchObject([{ dataJson: 'null' }]);
  });

  it('gives map the event', async () => {
    await using world = await createWorld();
    const controller = new AbortController();
    world.start().attach(controller.signal, {
      events: { abort: 'job.aborted' },
      map: (_type, event) => ({ data: (event as Event).type }),
    });
    controller.abort();
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.aborted', dataJson: '"abort"' }]);
  });
});
