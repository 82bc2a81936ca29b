/** What a store says that does not know which endpoint changed: a database that was polled, a file that was edited. */
import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { Store } from '../../src/store/store.ts';
import { createWorld, decorateStore, recordEvents, turn, until, type World } from '../support/world.ts';

/** A store that tells of changes of endpoints without saying of which. */
function vague(store: Store, overrides: Partial<Store> = {}): Store {
  return decorateStore(store, {
    watch: (listener) =>
      store.watch((change) => listener(change.kind === 'endpoint' ? { ...change, id: undefined } : change)),
    ...overrides,
  });
}

/** One dispatcher that changes endpoints, and one that only hears that something changed. */
async function setup(
  world: World,
  overrides: Partial<Store> = {},
): Promise<{ editor: WebhookDispatcher; sender: WebhookDispatcher }> {
  const editor = world.start();
  const sender = world.start({ store: vague(world.store, overrides) });
  await editor.start();
  await sender.start();
  return { editor, sender };
}

async function known(sender: WebhookDispatcher): Promise<number> {
  return (await sender.health()).endpoints;
}

describe('a change of endpoints that the store cannot name', () => {
  it('is found: created, changed and removed ones', async () => {
    await using world = await createWorld();
    const { editor, sender } = await setup(world);
    const { id } = await editor.endpoints.create({ url: world.receiver.urlOf('/old'), events: ['job.*'] });
    await editor.endpoints.create({ id: 'other', url: world.receiver.urlOf('/other'), events: ['other'] });
    await until(async () => (await known(sender)) === 2, 'both are known');
    await editor.endpoints.update(id, { url: world.receiver.urlOf('/new') });
    await turn();
    await sender.emit('job.done', 1);
    await world.receiver.waitFor(1);
    expect(world.receiver.requests.map(({ path }) => path)).toEqual(['/new']);
    await editor.endpoints.remove(id);
    await until(async () => (await known(sender)) === 1, 'the removed one is gone');
    expect((await sender.emit('job.done', 2)).deliveries).toEqual([]);
  });

  it('is found when an endpoint was paused: what is queued is handed back', async () => {
    await using world = await createWorld();
    const { editor, sender } = await setup(world);
    const { id } = await editor.endpoints.create({ url: world.receiver.url, concurrency: 1 });
    await until(async () => (await known(sender)) === 1, 'it is known');
    world.receiver.hold();
    await sender.emit('job.done', 1);
    await world.receiver.waitFor(1);
    await sender.emit('job.done', 2);
    expect((await sender.health()).queued).toBe(1);
    await editor.endpoints.pause(id);
    await until(async () => (await sender.health()).queued === 0, 'it is handed back');
    world.receiver.release();
    await world.advance(60_000);
    expect(world.receiver.received).toBe(1);
    await editor.endpoints.resume(id);
    await world.receiver.waitFor(2);
  });

  it('is found among many pages, and reads again only what differs', async () => {
    await using world = await createWorld();
    const editor = world.start();
    for (let n = 0; n < 1_001; n += 1)
      await editor.endpoints.create({ id: `ep_${n}`, url: world.receiver.url, events: [`type_${n}`] });
    const reads: string[] = [];
    let isCounting = false;
    const get: Store['endpoints']['get'] = (params) => {
      if (isCounting) reads.push(params.id);
      return world.store.endpoints.get(params);
    };
    const sender = world.start({
      store: vague(world.store, { endpoints: { ...world.store.endpoints, get } }),
    });
    await sender.start();
    expect(await known(sender)).toBe(1_001);
    isCounting = true;
    await editor.endpoints.update('ep_1000', { events: ['changed'] });
    await turn();
    expect((await sender.emit('changed', {})).deliveries).toHaveLength(1);
    expect(new Set(reads)).toEqual(new Set(['ep_1000']));
  });

  it('is read until the store answers, and emits wait for it', async () => {
    await using world = await createWorld();
    let isDown = false;
    const { editor, sender } = await setup(world, {
      endpoints: {
        ...world.store.endpoints,
        list: (params) =>
          isDown ? Promise.reject(new Error('connection lost')) : world.store.endpoints.list(params),
      },
    });
    const errors = recordEvents(sender, 'error');
    isDown = true;
    await editor.endpoints.create({ url: world.receiver.url });
    await until(() => errors.length > 0, 'the trouble is reported');
    const emitted = sender.emit('job.done', {});
    isDown = false;
    await world.clock.advance(10_000);
    expect((await emitted).deliveries).toHaveLength(1);
  });
});

/** An endpoint, and a process that starts and gets the list of all only when this change of it was told. */
async function startDuring(
  world: World,
  change: (editor: WebhookDispatcher, id: string) => Promise<void>,
  prepare?: (editor: WebhookDispatcher, id: string) => Promise<void>,
): Promise<WebhookDispatcher> {
  const editor = world.start({ deliver: false });
  const { id } = await editor.endpoints.create({ url: world.receiver.url });
  await prepare?.(editor, id);
  const list: Store['endpoints']['list'] = async (params) => {
    const page = await world.store.endpoints.list(params);
    await change(editor, id);
    for (let turns = 0; turns < 10; turns += 1) await turn();
    return page;
  };
  const store = decorateStore(world.store, { endpoints: { ...world.store.endpoints, list } });
  const starting = world.start({ store });
  await starting.start();
  return starting;
}

describe('a change of an endpoint while a process that starts reads all of them', () => {
  it('is not lost when the endpoint is removed', async () => {
    await using world = await createWorld();
    const sender = await startDuring(world, (editor, id) => editor.endpoints.remove(id));
    expect(await known(sender)).toBe(0);
    expect((await sender.emit('job.done', 1)).deliveries).toEqual([]);
  });

  it('is not lost when the endpoint is resumed', async () => {
    await using world = await createWorld();
    const sender = await startDuring(
      world,
      (editor, id) => editor.endpoints.resume(id),
      (editor, id) => editor.endpoints.pause(id),
    );
    await sender.emit('job.done', 1);
    await world.receiver.waitFor(1);
  });
});

describe('the end of a pause that the store tells of before the endpoint is read again', () => {
  it.each(['before', 'after'] as const)(
    'holds nothing up, when it is read %s the lease is back',
    async (when) => {
      await using world = await createWorld();
      const editor = world.start({ deliver: false });
      const { id } = await editor.endpoints.create({ url: world.receiver.url });
      await editor.endpoints.pause(id);
      let isSlow = false;
      let isReleasing = false;
      let isReleased = false;
      const store = decorateStore(world.store, {
        endpoints: {
          ...world.store.endpoints,
          get: async (params) => {
            const stored = await world.store.endpoints.get(params);
            if (isSlow) await until(() => !isSlow, 'it may be read');
            return stored;
          },
        },
        // A hint of work is best effort, and the last one has been used up.
        watch: (listener) =>
          world.store.watch((change) => {
            if (change.kind !== 'work' || !isReleasing) listener(change);
          }),
        release: async (params) => {
          isReleasing = true;
          if (when === 'before') {
            isSlow = false;
            for (let turns = 0; turns < 10; turns += 1) await turn();
          }
          const released = await world.store.release(params);
          isReleased = true;
          return released;
        },
      });
      const sender = world.start({ store });
      await sender.start();
      await editor.emit('job.done', {});
      await world.advance(0);
      isSlow = true;
      await editor.endpoints.resume(id);
      await until(() => isReleased, 'what was leased too early is back');
      isSlow = false;
      await world.receiver.waitFor(1);
    },
  );
});
