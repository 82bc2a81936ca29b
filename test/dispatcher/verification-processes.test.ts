import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoppedError } from '../../src/errors.ts';
import { fileStore } from '../../src/store/file/index.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { RecordedRequest } from '../../src/testing/index.ts';
import { createWorld, decorateStore, recordEvents, turn, until } from '../support/world.ts';

const MINUTE = 60_000;

const echo = (request: RecordedRequest): { status: number; body: string } => ({
  status: 200,
  body: (request.json() as { data: { challenge?: string } }).data.challenge ?? '',
});

/** The calls about endpoints, some of them replaced. */
function withEndpoints(
  store: Store,
  overrides: Partial<Store['endpoints']>,
  more: Partial<Store> = {},
): Store {
  const { endpoints } = store;
  return decorateStore(store, {
    ...more,
    endpoints: {
      put: (params) => endpoints.put(params),
      get: (params) => endpoints.get(params),
      list: (params) => endpoints.list(params),
      remove: (params) => endpoints.remove(params),
      ...overrides,
    },
  });
}

describe('processes that share a store', () => {
  it('make a check once, and both know what came of it', async () => {
    await using world = await createWorld();
    const [first, second] = [world.start(), world.start()];
    await second.start();
    world.receiver.always(echo);
    const { id } = await first.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
    for (const process of [first, second])
      expect(await process.endpoints.get(id)).toMatchObject({ status: 'enabled' });
    await second.emit('job.done', {});
    await world.advance(MINUTE);
    expect(world.receiver.received).toBe(2);
  });

  it('make each further check once', async () => {
    await using world = await createWorld();
    const [first, second] = [world.start(), world.start()];
    await second.start();
    world.receiver.always(503);
    await first.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await world.advance(24 * 60 * MINUTE);
    expect(world.receiver.received).toBe(5);
  });

  it('check what one that only stores has registered', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    world.receiver.always(echo);
    const { id } = await producer.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await world.advance(MINUTE);
    expect(world.receiver.received).toBe(0);
    await world.start().start();
    await world.advance(0);
    expect(await producer.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });

  it('check in one that only stores what somebody asks for', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    world.receiver.always(echo);
    const { id } = await producer.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    expect(await producer.endpoints.verify(id)).toMatchObject({ verified: true });
    expect(await producer.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });

  it('leave a check to one that can make it', async () => {
    await using world = await createWorld();
    world.receiver.always({ status: 200, headers: { 'WebHook-Allowed-Origin': '*' } });
    const producer = world.start({ deliver: false, handshakeOrigin: 'hooks.example.com' });
    const { id } = await producer.endpoints.create({ url: world.receiver.url, verification: 'handshake' });
    const without = world.start();
    await without.start();
    await world.advance(24 * 60 * MINUTE);
    expect((await without.endpoints.get(id)).verificationState).toBeUndefined();
    expect((await without.health()).unservedEndpoints).toMatchObject([{ endpointId: id }]);
    expect(await without.endpoints.verify(id)).toMatchObject({ verified: false, reason: 'bad_request' });
    expect(world.receiver.received).toBe(0);
    await world.start({ handshakeOrigin: 'hooks.example.com' }).start();
    await world.advance(10_000);
    expect(await without.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });

  it('go on with the checks of one that ended in the middle', async () => {
    await using world = await createWorld();
    const first = world.start();
    world.receiver.hold();
    const { id } = await first.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await world.receiver.waitFor(1);
    await first.stop({ timeoutMs: 0 });
    world.receiver.release();
    world.receiver.always(echo);
    const second = world.start();
    expect((await second.endpoints.get(id)).verificationState).toMatchObject({ checks: 1 });
    // Its time has passed, and the wait after it.
    await world.advance(24_000);
    expect(world.receiver.received).toBe(1);
    await world.advance(1_000);
    expect(world.receiver.received).toBe(2);
    expect(await second.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });

  it('make the checks that are due when they start, and not those of endpoints that said no', async () => {
    await using world = await createWorld();
    const first = world.start();
    world.receiver.on('/no').always(404);
    world.receiver.on('/later').always(503);
    for (const path of ['/no', '/later'])
      await first.endpoints.create({
        id: path.slice(1),
        url: world.receiver.urlOf(path),
        verification: 'challenge',
      });
    await world.advance(0);
    await first.stop();
    world.receiver.on('/later').always(echo);
    await world.advance(MINUTE);
    const second = world.start();
    await second.start();
    await world.advance(MINUTE);
    expect(world.receiver.requests.map(({ path }) => path).sort()).toEqual(['/later', '/later', '/no']);
    expect(await second.endpoints.get('later')).toMatchObject({ status: 'enabled' });
  });
});

describe('a store that fails', () => {
  it('delays a check, is reported, and leaves the check to be made', async () => {
    const store = memoryStore();
    let failures = 1;
    const failing = withEndpoints(store, {
      put: (params) => {
        if (params.expectedRevision === 0 || failures === 0) return store.endpoints.put(params);
        failures -= 1;
        return Promise.reject(new Error('no connection'));
      },
    });
    await using world = await createWorld({ store: failing });
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    world.receiver.always(echo);
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await world.advance(0);
    expect([errors.length, world.receiver.received]).toEqual([1, 0]);
    await world.advance(10_000);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });
});

describe('an endpoint that another process removed', () => {
  it('is asked for once by one that has not heard of it when its check is due', async () => {
    await using world = await createWorld();
    let reads = 0;
    const get: Store['endpoints']['get'] = async (params) => {
      reads += 1;
      await turn();
      return world.store.endpoints.get(params);
    };
    const unheard = withEndpoints(world.store, { get }, { watch: () => () => undefined });
    const dispatcher = world.start({ store: unheard });
    world.receiver.always(503);
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await world.advance(0);
    await world.start({ deliver: false }).endpoints.remove(id);
    reads = 0;
    await world.advance(10_000);
    // Once for the check, and once for the directory.
    expect([reads, world.receiver.received]).toEqual([2, 1]);
    await world.advance(24 * 60 * MINUTE);
    expect(reads).toBe(2);
  });
});

describe('a stop that comes while the store is asked', () => {
  /** A store that answers one kind of call only when it is let, from `hold` on. */
  function heldStore(call: 'get' | 'put') {
    const store = memoryStore();
    let answer: Promise<void> | undefined;
    const held = { calls: 0, release: (): void => undefined };
    const act = store.endpoints[call] as (params: never) => Promise<never>;
    const wait = async (params: never): Promise<never> => {
      if (answer !== undefined) held.calls += 1;
      await answer;
      return act(params);
    };
    const hold = (): void => {
      answer = new Promise((resolve) => (held.release = resolve));
    };
    return { store: withEndpoints(store, { [call]: wait }), held, hold };
  }

  it('keeps a check from being made that is begun afterwards', async () => {
    const { store, held, hold } = heldStore('put');
    await using world = await createWorld({ store });
    const dispatcher = world.start();
    dispatcher.on('endpoint.created', hold);
    const created = dispatcher.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await until(() => held.calls === 1, 'its check is begun');
    const stopped = dispatcher.stop({ timeoutMs: 0 });
    await turn();
    held.release();
    await created;
    await world.clock.advance(MINUTE);
    await stopped;
    expect(world.receiver.received).toBe(0);
  });

  it('keeps a check from being made that somebody asked for', async () => {
    const { store, held, hold } = heldStore('get');
    await using world = await createWorld({ store });
    const dispatcher = world.start();
    world.receiver.always(404);
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url, verification: 'challenge' });
    await world.advance(0);
    hold();
    const verified = dispatcher.endpoints.verify(id).catch((error: unknown) => error);
    await until(() => held.calls === 1, 'it is read');
    const stopped = dispatcher.stop({ timeoutMs: 0 });
    await turn();
    held.release();
    expect(await verified).toBeInstanceOf(StoppedError);
    await world.clock.advance(MINUTE);
    await stopped;
    expect(world.receiver.received).toBe(1);
  });
});

describe('endpoints.json', () => {
  it('with an endpoint typed by hand: it is verified like any other, and keeps its proof over a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posthorn-verify-'));
    try {
      await using world = await createWorld({ store: fileStore(folder) });
      const file = join(folder, 'endpoints.json');
      world.receiver.always(echo);
      const typed = { id: 'typed', url: world.receiver.url, verification: 'challenge', status: 'enabled' };
      await writeFile(file, JSON.stringify({ endpoints: [typed] }));
      const first = world.start();
      await first.start();
      await until(async () => {
        await turn();
        return (await first.endpoints.get('typed')).status === 'enabled';
      }, 'it is verified');
      expect(world.receiver.received).toBe(1);
      await first.stop();
      const [stored] = (JSON.parse(await readFile(file, 'utf8')) as { endpoints: object[] }).endpoints;
      expect(stored).toMatchObject({
        status: 'enabled',
        verificationState: { kind: 'challenge', checks: 1 },
      });

      const moved = { ...stored, url: world.receiver.urlOf('/moved') };
      world.receiver.on('/moved').always(404);
      await writeFile(file, JSON.stringify({ endpoints: [moved] }));
      const second = world.start({ store: fileStore(folder) });
      await second.start();
      await until(
        async () => (await second.endpoints.get('typed')).verificationState?.failure !== undefined,
        'the new URL is checked',
      );
      expect(await second.endpoints.get('typed')).toMatchObject({
        status: 'disabled',
        disabledReason: 'unverified',
        verificationState: { url: world.receiver.urlOf('/moved'), failure: { status: 404 } },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses what is no verification state, and no verification', async () => {
    for (const [member, value] of [
      ['verification', 'echo'],
      ['verificationState', null],
      ['verificationState', { kind: 'challenge', url: 1, checks: 0 }],
      ['verificationState', { kind: 'challenge', url: 'http://a.example/', checks: -1 }],
      ['verificationState', { kind: 'handshake', url: 'http://a.example/', checks: 1, allowedRate: 0 }],
    ] as const) {
      const folder = await mkdtemp(join(tmpdir(), 'posthorn-verify-'));
      try {
        await using world = await createWorld({ store: fileStore(folder) });
        const typed = { url: world.receiver.url, [member]: value };
        await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ endpoints: [typed] }));
        await expect(world.start().start()).rejects.toThrow(`endpoints[0].${member}`);
      } finally {
        await rm(folder, { recursive: true });
      }
    }
  });
});
