/** Endpoints that another process has changed, and whose records this one cannot read: it lacks the key, or the store does not answer. */
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { createWorld, decorateStore, recordEvents, turn, until } from '../support/world.ts';

const MISSING = new StoreError('Endpoint "sealed" is encrypted with the key "k2".', { code: 'key_missing' });

function withGet(store: Store, get: Store['endpoints']['get'], list = store.endpoints.list): Store {
  const { put, remove } = store.endpoints;
  return decorateStore(store, {
    // As those stores are that processes share.
    capabilities: { ...store.capabilities, shared: true },
    endpoints: { ...store.endpoints, put, remove, get, list },
  });
}

/** A store that lacks the key of what is there. */
const sealed = (store: Store): Store =>
  withGet(store, async (params) => {
    if ((await store.endpoints.get(params)) === undefined) return undefined;
    throw MISSING;
  });

describe('an endpoint whose record cannot be read', () => {
  it('holds no emit up: whoever can read it matches the message', async () => {
    await using world = await createWorld();
    const { store, receiver } = world;
    const able = world.start();
    const unable = world.start({ store: sealed(store) });
    const errors = recordEvents(unable, 'error');
    await able.start();
    await unable.start();
    await able.endpoints.create({ id: 'sealed', url: receiver.url });
    await until(async () => (await unable.health()).unservedEndpoints.length > 0, 'it is known');
    expect((await unable.health()).unservedEndpoints).toEqual([
      { endpointId: 'sealed', why: MISSING.message },
    ]);
    expect(errors).toMatchObject([{ event: { error: { code: 'key_missing' } } }]);
    const receipt = await unable.emit('job.done', 1);
    expect(receipt.deliveries).toEqual([]);
    await until(async () => {
      await world.clock.advance(1_000);
      return receiver.received > 0;
    }, 'it is delivered');
    await world.advance(60_000);
    expect(receiver.received).toBe(1);
    expect(errors).toHaveLength(1);
    await able.endpoints.remove('sealed');
    await until(async () => (await unable.health()).unservedEndpoints.length === 0, 'it is gone');
  });

  it('claims no message to match that others can match, until it can be read', async () => {
    await using world = await createWorld();
    const { store, receiver } = world;
    let claims = 0;
    const unable = world.start({
      store: decorateStore(sealed(store), {
        claimFanOut: (params) => {
          claims += 1;
          return store.claimFanOut(params);
        },
      }),
    });
    await unable.start();
    const producer = world.start({ deliver: false });
    await producer.endpoints.create({ id: 'sealed', url: receiver.url });
    await until(async () => (await unable.health()).unservedEndpoints.length > 0, 'it is known');
    claims = 0;
    await producer.emit('job.done', 1);
    await unable.emit('job.done', 2);
    await unable.drain();
    await world.clock.advance(60_000);
    expect(claims).toBe(0);
    expect((await producer.stats()).unmatchedMessages).toBe(2);
    await producer.endpoints.remove('sealed');
    await until(async () => (await producer.stats()).unmatchedMessages === 0, 'they are matched');
  });

  it('keeps its deliveries for those who can', async () => {
    await using world = await createWorld();
    const { store, receiver } = world;
    const unable = world.start({ store: sealed(store) });
    const able = world.start({ deliver: false });
    await able.start();
    await unable.start();
    await able.endpoints.create({ id: 'sealed', url: receiver.url });
    const { deliveries } = await able.emit('job.done', 1, { to: ['sealed'] });
    await world.clock.advance(30_000);
    await able.drain();
    expect(receiver.connections).toBe(0);
    expect(await able.deliveries.get(deliveries[0]!.id)).toMatchObject({
      attempts: expect.any(Number) as number,
    });
    await unable.stop();
    expect(await able.deliveries.get(deliveries[0]!.id)).toMatchObject({ state: 'scheduled', faults: 0 });
    await world.start().start();
    await receiver.waitFor(1);
  });

  it('is forgotten when it is gone from all that there are', async () => {
    await using world = await createWorld();
    const { store, receiver } = world;
    let isVague = false;
    const unable = world.start({
      store: decorateStore(sealed(store), {
        watch: (listener) =>
          store.watch((change) =>
            listener(isVague && change.kind === 'endpoint' ? { ...change, id: undefined } : change),
          ),
      }),
    });
    const able = world.start({ deliver: false });
    await able.start();
    await unable.start();
    await able.endpoints.create({ id: 'sealed', url: receiver.url });
    await until(async () => (await unable.health()).unservedEndpoints.length > 0, 'it is known');
    isVague = true;
    await able.endpoints.remove('sealed');
    await until(async () => (await unable.health()).unservedEndpoints.length === 0, 'it is forgotten');
  });

  it('is no more so when a page of all could be read', async () => {
    await using world = await createWorld();
    const { store, receiver } = world;
    let isSealed = false;
    let isVague = true;
    const list: Store['endpoints']['list'] = (params) =>
      isSealed ? Promise.reject(MISSING) : store.endpoints.list(params);
    const vague = decorateStore(
      withGet(store, (params) => store.endpoints.get(params), list),
      {
        watch: (listener) =>
          store.watch((change) =>
            listener(isVague && change.kind === 'endpoint' ? { ...change, id: undefined } : change),
          ),
      },
    );
    const editor = world.start({ deliver: false });
    const other = world.start({ store: vague });
    const known = await editor.endpoints.create({ url: receiver.urlOf('/old'), events: ['known'] });
    await other.start();
    isSealed = true;
    await editor.endpoints.create({ url: receiver.url, events: ['job.done'] });
    await until(async () => (await other.health()).unservedEndpoints.length > 0, 'it is known');
    expect((await other.health()).unservedEndpoints).toEqual([{ endpointId: '*', why: MISSING.message }]);
    await editor.endpoints.update(known.id, { url: receiver.urlOf('/new') });
    await editor.emit('known', 1, { to: [known.id] });
    await receiver.waitFor(1);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/new']);
    isSealed = false;
    isVague = false;
    // Which one it is that could not be read, it does not know.
    await editor.endpoints.remove(known.id);
    await until(async () => (await other.health()).unservedEndpoints.length === 0, 'it is read');
    expect((await other.emit('job.done', 1)).deliveries).toHaveLength(1);
  });
});

describe('a store that does not answer with an endpoint that was changed', () => {
  it('keeps an emit waiting for emitTimeoutMs, and no longer', async () => {
    await using world = await createWorld();
    const { store, receiver } = world;
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const get: Store['endpoints']['get'] = async (params) => {
      await answered;
      return store.endpoints.get(params);
    };
    const editor = world.start({ deliver: false });
    const mute = world.start({ store: withGet(store, get), emitTimeoutMs: 10_000 });
    await editor.start();
    await mute.start();
    await editor.endpoints.create({ url: receiver.url });
    const emitted = mute.emit('job.done', 1);
    await turn();
    await world.clock.advance(10_000);
    await expect(emitted).rejects.toMatchObject({ name: 'StoreError', code: 'emit_timeout' });
    const next = mute.emit('job.done', 2);
    answer();
    await next;
    await receiver.waitFor(1);
    expect(receiver.received).toBe(1);
  });
});
