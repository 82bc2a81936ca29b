/** A source is never blocked, thrown into, or left with an unhandled rejection, whatever the host's functions do. */
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import {
  messagesOf,
  ofEventEmitter2,
  Subject,
  WITH_CATCH_ALL,
  WITHOUT_CATCH_ALL,
} from '../support/sources.ts';
import { createWorld, decorateStore, recordEvents, turn, until } from '../support/world.ts';

let unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});
afterEach(() => void process.off('unhandledRejection', onUnhandled));

const MAPS: readonly (() => unknown)[] = [
  () => {
    throw new Error('no');
  },
  () => Promise.reject(new Error('later no')),
  () => null,
  () => 7,
  () => ({
    get data(): unknown {
      throw new Error('no getter');
    },
  }),
  () => ({
    data: {
      get inside(): unknown {
        throw new Error('no getter inside');
      },
    },
  }),
  () => ({ data: {}, tenant: '' }),
  () => ({ data: {}, type: 'no type' }),
];

describe.each([...WITHOUT_CATCH_ALL, ...WITH_CATCH_ALL])('%s', (_name, create) => {
  it('goes on, whatever map does with its events', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const { source, emit } = create();
    for (const map of MAPS) dispatcher.attach(source, { events: ['job.done'], map: map as never });
    dispatcher.attach(source, { events: { 'job.done': 'job.stored' } });
    await emit('job.done', { n: 1 });
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.stored' }]);
    for (let count = 0; count < 5; count += 1) await turn();
    expect(errors).toHaveLength(MAPS.length);
    expect(unhandled).toEqual([]);
  });

  it('goes on while the store fails, and while the dispatcher stops', async () => {
    await using world = await createWorld();
    const store = decorateStore(world.store, {
      append: () => Promise.reject(new StoreError('the disk is gone')),
    });
    const dispatcher = world.start({ store, emitTimeoutMs: 0 });
    const errors = recordEvents(dispatcher, 'error');
    const { source, emit } = create();
    dispatcher.attach(source, { events: ['job.done'] });
    await emit('job.done', { n: 1 });
    const codes = (): unknown[] => errors.map(({ event }) => (event['error'] as { code: string }).code);
    await until(() => codes().includes('emit_timeout'), 'the emit has been given up');
    await emit('job.done', { n: 2 });
    const stopped = dispatcher.stop({ timeoutMs: 0 });
    await emit('job.done', { n: 3 });
    await stopped;
    await emit('job.done', { n: 4 });
    for (let count = 0; count < 5; count += 1) await turn();
    expect(unhandled).toEqual([]);
  });
});

describe('a source of event objects', () => {
  it('goes on, whatever map and the event adapter do', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ eventAdapter: MAPS[0]! as never });
    const errors = recordEvents(dispatcher, 'error');
    const subject = new Subject<object>();
    dispatcher.attach(subject);
    for (const map of MAPS) dispatcher.attach(subject, { map: map as never });
    dispatcher.attach(subject, { map: () => ({ type: 'job.stored', data: 1 }) });
    subject.next({ type: 'job.done' });
    void dispatcher.process({ type: 'job.done' });
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.stored' }]);
    for (let count = 0; count < 5; count += 1) await turn();
    expect(errors).toHaveLength(MAPS.length + 2);
    expect(unhandled).toEqual([]);
  });
});

describe('a source that answers with promises', () => {
  const later = (what: string) => async (): Promise<never> => {
    throw new Error(what);
  };

  it.each<[what: string, source: object]>([
    ['on and off', { on: later('in'), off: later('out') }],
    ['onAny and offAny', { on: later(''), off: later(''), onAny: later('in'), offAny: later('out') }],
    ['addEventListener', { addEventListener: later('in'), removeEventListener: later('out') }],
  ])('has its rejections reported: %s', async (_what, source) => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const events = 'onAny' in source ? ['job.*'] : ['job.done'];
    dispatcher.attach(source as never, { events })();
    for (let count = 0; count < 5; count += 1) await turn();
    const messages = errors.map(({ event }) => (event['error'] as Error).message);
    expect(messages).toEqual([expect.stringContaining('in'), expect.stringContaining('out')]);
    expect(unhandled).toEqual([]);
  });

  it('has those of unsubscribe reported', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    dispatcher.attach({ subscribe: () => ({ unsubscribe: later('out') }) })();
    dispatcher.attach({ subscribe: () => later('out') })();
    for (let count = 0; count < 5; count += 1) await turn();
    expect(errors).toHaveLength(2);
    expect(unhandled).toEqual([]);
  });

  it('keeps the rejection that is its own', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const own = new Error('own');
    const source = Object.assign(Promise.reject(own), {
      on: () => source,
      off: () => source,
    });
    dispatcher.attach(source as never, { events: ['job.done'] })();
    for (let count = 0; count < 5; count += 1) await turn();
    expect(unhandled).toEqual([own]);
  });
});

describe('a source whose first event stops the dispatcher', () => {
  it('is detached like all others', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.start();
    const listeners = new Set<unknown>();
    const source = {
      on(_name: string, listener: () => void) {
        listeners.add(listener);
        listener();
      },
      off: (_name: string, listener: () => void) => listeners.delete(listener),
    };
    const map = (): undefined => void dispatcher.stop();
    dispatcher.attach(source as never, { events: ['job.done'], map });
    expect(listeners.size).toBe(0);
  });
});

describe('maxPending', () => {
  it('counts for each source alone what waits for the store, and not what was dropped', async () => {
    await using world = await createWorld();
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const store = decorateStore(world.store, {
      append: (params) => opened.then(() => world.store.append(params)),
    });
    const dispatcher = world.start({ store });
    const errors = recordEvents(dispatcher, 'error');
    const catchAll = ofEventEmitter2();
    const subject = new Subject<object>();
    const emitter = new EventEmitter();
    dispatcher.attach(catchAll.source, { events: ['job.*'], maxPending: 2 });
    dispatcher.attach(subject, { events: ['job.*'], maxPending: 2 });
    dispatcher.attach(emitter, {
      events: ['job.a', 'job.b'],
      maxPending: 2,
      map: (type, n) => (n === 0 ? undefined : { type, data: n }),
    });
    for (const n of [0, 1, 2, 3]) {
      catchAll.emit('job.done', n);
      catchAll.emit('user.created', n);
      subject.next({ type: 'job.done', n });
      subject.next({ type: 'user.created', n });
      emitter.emit(n % 2 === 0 ? 'job.a' : 'job.b', n);
    }
    expect((await dispatcher.health()).refusedEvents).toBe(5);
    expect(errors.map(({ event }) => (event['error'] as { code: string }).code)).toEqual(
      Array.from({ length: 5 }, () => 'source_overflow'),
    );
    open();
    await messagesOf(world, 6);
    await turn();
    catchAll.emit('job.done', 4);
    expect(await messagesOf(world, 7)).toHaveLength(7);
    expect((await dispatcher.health()).refusedEvents).toBe(5);
  });
});
