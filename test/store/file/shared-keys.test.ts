/** Processes that share a folder have the same keys, or are told why not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileStore } from '../../../src/store/file/file-store.ts';
import type { EncryptionOptions } from '../../../src/store/file/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../src/testing/store-suite/store-world.ts';
import { bundleProgram, MarkedChild } from '../../support/marked-child.ts';
import { until } from '../../support/world.ts';
import { temporaryDirectory } from './file-layers.ts';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);
const SECRET = 'whsec_' + Buffer.alloc(24, 7).toString('base64');

const old: EncryptionOptions = { current: 'old', keys: { old: OLD } };
/** Of the same id. */
const other: EncryptionOptions = { current: 'old', keys: { old: NEW } };
const oldFirst: EncryptionOptions = { current: 'old', keys: { old: OLD, new: NEW } };
const newFirst: EncryptionOptions = { current: 'new', keys: { old: OLD, new: NEW } };
const newOnly: EncryptionOptions = { current: 'new', keys: { new: NEW } };

interface Opened {
  readonly store: Store;
  readonly logged: string[];
}

interface Folder {
  readonly directory: string;
  /** One more store, open. */
  open(encryption?: EncryptionOptions): Promise<Opened>;
  /** What the file of endpoints has. */
  text(): string;
}

function setup(): Folder {
  const directory = temporaryDirectory();
  return {
    directory,
    text: () => readFileSync(join(directory, 'endpoints.json'), 'utf8'),
    async open(encryption) {
      const logged: string[] = [];
      const log = (_fields: object, message: string): void => void logged.push(message);
      const store = fileStore(directory, { encryption, logger: { warn: log, error: log } });
      onTestFinished(() => store.close());
      await store.open({ clock: createManualClock() });
      return { store, logged };
    },
  };
}

async function putEndpoint(store: Store): Promise<void> {
  const id = 'ep';
  const stored = await store.endpoints.get({ id });
  // Writing it again encrypts it with the current key.
  const world = new StoreWorld({ store, close: async () => undefined }, createManualClock());
  const record = stored?.record ?? world.endpoint({ id, secrets: [{ value: SECRET, createdAt: 0 }] });
  const put = await store.endpoints.put({ record, expectedRevision: stored?.record.revision ?? 0 });
  expect(put.kind).not.toBe('conflict');
}

async function secretOf({ store }: Opened): Promise<string | undefined> {
  return (await store.endpoints.get({ id: 'ep' }))?.record.secrets[0]?.value;
}

describe('fileStore: keys of the owner and of a client', () => {
  it.each([
    ['no keys, and a client that has one', undefined, old, 'key_missing', 'the owner has no keys'],
    ['a key, and a client that has none', old, undefined, 'key_missing', 'this process has no keys'],
    [
      'a key, and a client that has another one',
      old,
      newOnly,
      'key_missing',
      'which the owner does not have',
    ],
    ['a key, and a client that has another one of its id', old, other, 'decrypt_failed', 'not the same one'],
  ])('lets no client in: an owner with %s', async (_, owners, clients, code, message) => {
    const folder = setup();
    const owner = await folder.open(owners);
    await putEndpoint(owner.store);
    const error = await folder.open(clients).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ name: 'StoreError', code, message: expect.stringContaining(message) });
    for (const key of [OLD, NEW]) expect((error as Error).message).not.toContain(key.slice(0, 8));
    // Who has the same is let in afterwards, and the owner has nothing to complain of.
    expect(await secretOf(await folder.open(owners))).toBe(SECRET);
    expect(owner.logged).toEqual([]);
  });

  it('can be closed and opened again by a client that was refused, once the owner has the key', async () => {
    const folder = setup();
    const owner = await folder.open();
    const client = fileStore(folder.directory, { encryption: old });
    onTestFinished(() => client.close());
    const clock = createManualClock();
    await expect(client.open({ clock })).rejects.toMatchObject({ code: 'key_missing' });
    await owner.store.close();
    await folder.open(old);
    await client.open({ clock });
    await putEndpoint(client);
    expect(folder.text()).toContain('enc:v1:old:');
  });
});

describe('fileStore: a rotation in the documented order', () => {
  it.each([
    ['the owner first', 0],
    ['the client first', 1],
  ])('stops nothing: %s', async (_, first) => {
    const folder = setup();
    const opened = [await folder.open(old), await folder.open(old)];
    const logged = opened.map((one) => one.logged);
    await putEndpoint(opened[1]!.store);
    for (const step of [oldFirst, newFirst, newOnly]) {
      // The other one owns the folder from then on, if this one did.
      for (const index of first === 0 ? [0, 1] : [1, 0]) {
        await opened[index]!.store.close();
        opened[index] = await folder.open(step);
        logged.push(opened[index].logged);
        for (const one of opened) {
          await putEndpoint(one.store);
          expect(await secretOf(one)).toBe(SECRET);
        }
      }
    }
    expect(folder.text()).toContain('enc:v1:new:');
    expect(folder.text()).not.toContain('enc:v1:old:');
    expect(logged.flat()).toEqual([]);
  });

  it('is refused where a key becomes current that the others do not have', async () => {
    const folder = setup();
    await folder.open(old);
    await expect(folder.open(newFirst)).rejects.toThrow(
      'all processes have a new key before it becomes current',
    );
  });
});

describe('fileStore: keys at a takeover', () => {
  it('are compared again, and a client that is refused says so, and does not try again by itself', async () => {
    const folder = setup();
    const owner = await folder.open(oldFirst);
    await putEndpoint(owner.store);
    // Both go with the owner, but not with each other: somebody rotated in the wrong order.
    const clients = [await folder.open(old), await folder.open(newFirst)];
    await owner.store.close();
    await until(() => clients.some(({ logged }) => logged.length > 0), 'one of them is refused');
    const [refused, next] = clients[0]!.logged.length > 0 ? clients : [...clients].reverse();
    const said = 'Could not open the file store again: Cannot share the file store with its owner, process ';
    expect(refused!.logged).toEqual([expect.stringContaining(said + process.pid)]);
    for (let call = 0; call < 3; call += 1)
      await expect(refused!.store.now()).rejects.toMatchObject({ code: 'key_missing' });
    expect(refused!.logged).toHaveLength(1);
    expect(await secretOf(next!)).toBe(SECRET);
    // It goes on, without a restart, once the owner goes with it.
    await next!.store.close();
    await folder.open(oldFirst);
    expect(await secretOf(refused!)).toBe(SECRET);
  });
});

describe('processes that share a folder', { timeout: 60_000 }, () => {
  it('compare their keys, also with the one that takes over from an owner that is killed', async () => {
    const { directory } = setup();
    const program = await bundleProgram(new URL('./programs/keyed.ts', import.meta.url));
    const start = async (encryption?: EncryptionOptions): Promise<[MarkedChild, string]> => {
      const child = new MarkedChild(program, [directory, JSON.stringify(encryption ?? null)]);
      onTestFinished(() => child.kill());
      return [child, await child.marker('opened', 'failed')];
    };
    const [owner, opened] = await start(oldFirst);
    expect(opened).toBe('opened');
    for (const [keys, code] of [
      [undefined, 'key_missing'],
      [other, 'decrypt_failed'],
    ] as const) {
      const [child, line] = await start(keys);
      expect(line).toMatch(new RegExp(`^failed ${code} .*its owner, process ${owner.pid}: `));
      expect(await child.ended()).toBe(0);
    }
    const [next] = await start(old);
    await owner.kill();
    next.tell('now');
    expect(await next.marker('answered', 'failed')).toBe('answered');
    const [, line] = await start(newFirst);
    expect(line).toMatch(
      new RegExp(`^failed key_missing .*process ${next.pid}: this process encrypts .* key new`),
    );
    expect((await start(oldFirst))[1]).toBe('opened');
  });
});
