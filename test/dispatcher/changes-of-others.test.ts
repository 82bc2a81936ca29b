/** What others changed, and this process has only heard of: nothing is decided by what was known before. */
import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import type { Store } from '../../src/store/store.ts';
import { allDeliveries, createWorld, decorateStore, turn, until, type World } from '../support/world.ts';

interface ReadingStore {
  readonly store: Store;
  /** How often an endpoint was asked for since the last change of how it goes. */
  readonly asked: number;
  /** From now on endpoints are read like that. */
  reads(how: 'well' | 'never' | 'in vain'): void;
}

/** A store whose endpoints can be read, are never answered with, or not at all. */
function createReadingStore(inner: Store, overrides: Partial<Store> = {}): ReadingStore {
  let how: 'well' | 'never' | 'in vain' = 'well';
  let asked = 0;
  const get: Store['endpoints']['get'] = (params) => {
    asked += 1;
    if (how === 'never') return new Promise(() => undefined);
    return how === 'well' ? inner.endpoints.get(params) : Promise.reject(new Error('no connection'));
  };
  const { put, list, remove } = inner.endpoints;
  return {
    store: decorateStore(inner, { endpoints: { ...inner.endpoints, put, list, remove, get }, ...overrides }),
    get asked() {
      return asked;
    },
    reads(next) {
      how = next;
      asked = 0;
    },
  };
}

/** A dispatcher that has heard of an endpoint, and is not answered with it. */
async function createUnanswered(
  world: World,
  how: 'never' | 'in vain',
  options: DispatcherOptions = {},
  overrides: Partial<Store> = {},
): Promise<{ reading: ReadingStore; dispatcher: WebhookDispatcher; editor: WebhookDispatcher }> {
  const reading = createReadingStore(world.store, overrides);
  const dispatcher = world.start({ store: reading.store, ...options });
  await dispatcher.start();
  const editor = world.start({ deliver: false });
  await editor.start();
  reading.reads(how);
  await editor.endpoints.create({ url: world.receiver.url });
  await until(() => reading.asked > 0, 'it is asked for');
  return { reading, dispatcher, editor };
}

describe('a dispatcher that is stopped while it matches what others stored', () => {
  it('matches it with an endpoint that was made before', async () => {
    await using world = await createWorld();
    let claims = (): void => undefined;
    const isClaiming = new Promise<void>((resolve) => (claims = resolve));
    let goOn = (): void => undefined;
    const going = new Promise<void>((resolve) => (goOn = resolve));
    const stopping = world.start({
      store: decorateStore(world.store, {
        async claimFanOut(params) {
          claims();
          await going;
          return world.store.claimFanOut(params);
        },
      }),
    });
    const producer = world.start({ deliver: false });
    await producer.start();
    await stopping.start();
    await isClaiming;
    const stopped = stopping.stop();
    await turn();
    await producer.endpoints.create({ url: world.receiver.url });
    await producer.emit('job.done', 1);
    await turn();
    goOn();
    await stopped;
    expect((await allDeliveries(producer)).map(({ state }) => state)).toEqual(['scheduled']);
  });

  it('leaves it to others when the store does not answer with the endpoint', async () => {
    await using world = await createWorld();
    const { store, reads } = createReadingStore(world.store);
    const stopping = world.start({ store });
    await stopping.start();
    const producer = world.start({ deliver: false });
    await producer.start();
    reads('never');
    await producer.endpoints.create({ url: world.receiver.url });
    await producer.emit('job.done', 1);
    await turn();
    const stopped = stopping.stop({ timeoutMs: 1_000 });
    await turn();
    await world.clock.advance(1_000);
    await stopped;
    await world.start().start();
    await world.advance(60_000);
    expect(world.receiver.received).toBe(1);
  });
});

describe('an emit that waits for an endpoint which the store does not answer with', () => {
  it.each(['never', 'in vain'] as const)('ends with a stop: read %s', async (how) => {
    await using world = await createWorld();
    const { dispatcher: waiting, editor } = await createUnanswered(world, how, { emitTimeoutMs: Infinity });
    const refused = expect(waiting.emit('job.done', 1)).rejects.toMatchObject({
      code: 'stopped',
      message: expect.stringContaining('Cannot emit') as string,
    });
    const stopped = waiting.stop({ timeoutMs: 1_000 });
    await turn();
    await world.clock.advance(1_000);
    await stopped;
    await refused;
    expect((await editor.messages.list()).items).toEqual([]);
  });

  it('is stored before the stop ends, once the store answers', async () => {
    await using world = await createWorld();
    const { reading, dispatcher: waiting } = await createUnanswered(world, 'in vain');
    const emitted = waiting.emit('job.done', 1);
    const stopped = waiting.stop();
    reading.reads('well');
    await world.clock.advance(5_000);
    await stopped;
    expect((await emitted).deliveries).toHaveLength(1);
  });

  it('is refused at the first failure by emitTimeoutMs 0', async () => {
    await using world = await createWorld();
    const {
      reading,
      dispatcher: hasty,
      editor,
    } = await createUnanswered(world, 'in vain', { emitTimeoutMs: 0 });
    const refusal = { code: 'emit_timeout', cause: { message: 'no connection' } };
    await expect(hasty.emit('job.done', 1), 'tried again already').rejects.toMatchObject(refusal);
    await editor.endpoints.create({ url: world.receiver.url });
    await expect(hasty.emit('job.done', 2)).rejects.toMatchObject(refusal);
    reading.reads('well');
    await world.clock.advance(60_000);
    expect((await hasty.emit('job.done', 3)).deliveries).toHaveLength(2);
  });

  it('waits for emitTimeoutMs once, and not again to be stored', async () => {
    await using world = await createWorld();
    const { reading, dispatcher: waiting } = await createUnanswered(
      world,
      'in vain',
      { emitTimeoutMs: 10_000 },
      { append: () => new Promise(() => undefined) },
    );
    let error: unknown;
    waiting.emit('job.done', 1).catch((reason: unknown) => (error = reason));
    const later = waiting.emit('job.done', 2).catch((reason: unknown) => reason);
    await world.clock.advance(1_000);
    reading.reads('well');
    await world.clock.advance(8_999);
    await turn();
    expect(error, 'one millisecond is left').toBeUndefined();
    await world.clock.advance(1);
    await turn();
    expect(error).toMatchObject({ code: 'emit_timeout' });
    expect(await later).toMatchObject({ code: 'emit_timeout' });
  });
});

describe('an endpoint that this process has not heard of', () => {
  it('gets what is emitted after its creation was refused as a conflict', async () => {
    await using world = await createWorld();
    const { store } = world;
    const deaf = world.start({ store: decorateStore(store, { watch: () => () => undefined }) });
    await deaf.start();
    await world.start({ deliver: false }).endpoints.create({ id: 'orders', url: world.receiver.url });
    await expect(deaf.endpoints.create({ id: 'orders', url: world.receiver.url })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await deaf.emit('job.done', 1)).deliveries).toHaveLength(1);
  });

  it.each([
    ['resumed', 'pause', 'resume', 1],
    ['paused', 'resume', 'pause', 0],
  ] as const)('is %s by another process while it is told to %s', async (_what, own, other, received) => {
    await using world = await createWorld();
    const { store, receiver } = world;
    const rival = world.start({ deliver: false });
    const { id } = await rival.endpoints.create({ url: receiver.url });
    let isFirst = true;
    const dispatcher = world.start({
      store: decorateStore(store, {
        watch: () => () => undefined,
        async putLane(params) {
          await store.putLane(params);
          if (isFirst) await rival.endpoints[other](id);
          isFirst = false;
        },
      }),
    });
    await dispatcher.start();
    await dispatcher.endpoints[own](id);
    await dispatcher.emit('job.done', 1);
    await world.advance(60_000);
    expect(receiver.received).toBe(received);
    expect((await dispatcher.endpoints.get(id)).paused).toBe(other === 'pause');
  });
});
