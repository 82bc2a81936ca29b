import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileStore, type FileStoreOptions } from '../../../src/store/file/file-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../src/testing/store-suite/store-world.ts';
import { temporaryDirectory } from './file-layers.ts';

const clock = createManualClock();
const KEY = { old: 'a'.repeat(64), next: 'b'.repeat(64) };

async function open(
  directory: string,
  options: FileStoreOptions = {},
): Promise<{ store: Store; world: StoreWorld; logged: string[] }> {
  const logged: string[] = [];
  const log = (_fields: object, message: string): void => void logged.push(message);
  const store = fileStore(directory, { logger: { warn: log, error: log }, ...options });
  const world = new StoreWorld({ store, close: async () => undefined }, clock);
  await world.open();
  onTestFinished(() => store.close());
  return { store, world, logged };
}

function journalText(directory: string): string {
  const folder = join(directory, 'journal');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

describe('fileStore whose socket was removed', () => {
  it('answers with what the process has that took the folder over, though it writes nothing itself', async () => {
    const directory = temporaryDirectory();
    const first = await open(directory);
    rmSync(join(directory, 'control.sock'));
    const second = await open(directory);
    const id = await second.world.emitOne('ep');
    expect(await first.store.getDelivery({ id })).toMatchObject({ id });
    expect(first.logged).toEqual([expect.stringContaining('Becoming its client')]);
  });
});

describe('fileStore options', () => {
  it.each([
    [{ fsnyc: false }, /fsnyc.*fsync/s],
    [{ fsync: 1 }, /fsync: expected a boolean, got 1/],
    [{ maxMessages: 0 }, /maxMessages: expected a whole number of at least 1/],
    [{ segmentBytes: 0 }, /segmentBytes: expected a whole number from 1/],
    [{ endpointsFile: '' }, /endpointsFile: expected the name or path of a file/],
    [{ encryption: { current: 'a', keys: {} } }, /encryption/],
    [null, /fileStore: expected an object, got null/],
    ['./a', /fileStore: expected an object, got "\.\/a"/],
    [{ logger: 'console' }, /logger: expected an object with warn and error/],
  ])('refuses %o', (options, message) => {
    expect(() => fileStore('./webhooks', options as FileStoreOptions)).toThrow(message);
  });

  it('refuses a folder without a name', () => {
    expect(() => fileStore('')).toThrow(/directory: expected the path of a folder/);
  });

  it.each([
    ['postgres://me:secret@127.0.0.1/shop', /got a URL of the scheme postgres\. A database is sqlStore/],
    ['MySQL://me:secret@127.0.0.1/shop', /got a URL of the scheme mysql\. A database is sqlStore/],
    ['sqlite:./webhooks.db', /got a URL of the scheme sqlite\. A database is sqlStore/],
    ['file:///var/lib/webhooks', /got a URL of the scheme file\. Write the path without file:/],
    ['file:./webhooks', /got a URL of the scheme file\./],
    ['redis://:secret@127.0.0.1', /got a URL of the scheme redis\.$/],
  ])('refuses the URL %s', (directory, message) => {
    expect(() => fileStore(directory)).toThrow(message);
    expect(() => fileStore(directory)).not.toThrow(/secret/);
  });

  it.each(['C:\\webhooks', 'C://webhooks', './jobs:webhooks'])('takes the path %s', (directory) => {
    expect(fileStore(directory).name).toBe('file');
  });

  it('touches nothing before it is opened', () => {
    const directory = join(temporaryDirectory(), 'none');
    fileStore(directory);
    expect(statSync(directory, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('fileStore folder', () => {
  it('can be read by its user alone', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b');
    const { world } = await open(directory);
    await world.emitOne('ep');
    const modeOf = (name: string): number => statSync(join(directory, name)).mode & 0o777;
    expect(modeOf('journal')).toBe(0o700);
    for (const name of readdirSync(join(directory, 'journal'))) expect(modeOf(`journal/${name}`)).toBe(0o600);
  });

  it.each(['/proc/nope', '/proc/nope/deeper'])('says so when there can be no folder: %s', async (path) => {
    await expect(open(path)).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringContaining(`Could not use the folder ${path} for the file store: `),
    });
  });

  it('is let go without a word by two stores of one process, whichever closes first', async () => {
    const directory = temporaryDirectory();
    const stores = await Promise.all([open(directory), open(directory), open(directory), open(directory)]);
    for (const { store } of stores.slice(0, 2)) await store.close();
    await Promise.all(stores.map(({ store }) => store.close()));
    expect(stores.flatMap(({ logged }) => logged)).toEqual([]);
  });

  it('keeps everything for the next process', async () => {
    const directory = temporaryDirectory();
    const first = await open(directory);
    const record = await first.world.putEndpoint({ id: 'ep' });
    const id = await first.world.emitOne('ep');
    await first.store.settings.put({ key: 'switch', value: undefined });
    await first.store.close();
    const second = await open(directory);
    expect((await second.store.endpoints.get({ id: 'ep' }))?.record).toEqual(record);
    expect((await second.world.claim()).leased.map((one) => one.id)).toEqual([id]);
  });

  it('keeps the file of endpoints where it is told to', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'config'));
    const endpointsFile = join(directory, 'config', 'hooks.json');
    const { world } = await open(join(directory, 'data'), { endpointsFile });
    await world.putEndpoint({ id: 'ep' });
    expect(readFileSync(endpointsFile, 'utf8')).toContain('"ep"');
  });

  it('takes up an endpoint that was typed into the file', async () => {
    const directory = temporaryDirectory();
    const endpoint = { id: 'typed', url: 'https://example.com/hooks', events: ['*'] };
    writeFileSync(join(directory, 'endpoints.json'), JSON.stringify({ endpoints: [endpoint] }));
    const { store } = await open(directory);
    expect((await store.endpoints.list({ limit: 9 })).items.map(({ record }) => record.id)).toEqual([
      'typed',
    ]);
  });

  it('opens the lane of an endpoint that somebody removed meanwhile', async () => {
    const directory = temporaryDirectory();
    const first = await open(directory);
    await first.world.putEndpoint({ id: 'ep' });
    await first.store.putLane({ laneId: 'ep', paused: true });
    const id = await first.world.emitOne('ep');
    await first.store.close();
    writeFileSync(join(directory, 'endpoints.json'), '{ "endpoints": [] }');
    const { store, world } = await open(directory);
    expect(await store.endpoints.get({ id: 'ep' })).toBeUndefined();
    expect((await world.claim()).leased.map((one) => one.id)).toEqual([id]);
  });

  it('refuses to start with a file of endpoints that has something wrong in it', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'endpoints.json'), '{ "endpoints": [ {');
    await expect(open(directory)).rejects.toMatchObject({ name: 'StoreError' });
    writeFileSync(join(directory, 'endpoints.json'), '{ "endpoints": [] }');
    await open(directory);
  });

  it('reports a disk that fails, and a damaged journal, to its logger', async () => {
    const directory = temporaryDirectory();
    const first = await open(directory);
    await first.world.emit(['ep', 'ep']);
    await first.store.close();
    const path = join(directory, 'journal', '00000001.log');
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('jobId')]! ^= 1;
    writeFileSync(path, bytes);
    const { logged } = await open(directory);
    expect(logged[0]).toContain(`of ${path} cannot be read`);
  });
});

describe('fileStore logger', () => {
  it.each([
    {
      what: 'throws',
      log: () => {
        throw new Error('the logger broke');
      },
    },
    { what: 'rejects', log: () => Promise.reject(new Error('the logger broke')) },
  ])('disturbs nobody when it $what', async ({ log }) => {
    const directory = temporaryDirectory();
    const logger = { warn: log, error: log };
    const { world, store } = await open(directory, { logger });
    await world.emitOne('ep');
    rmSync(directory, { recursive: true });
    const isGone = { code: 'store_failed', message: expect.stringContaining('was removed') as string };
    await expect(world.emitOne('ep')).rejects.toMatchObject(isGone);
    await expect(store.stats({ where: {} })).rejects.toMatchObject(isGone);
    await store.close();
  });
});

describe('fileStore encryption', () => {
  const secret = {
    value: 'whsec_' + Buffer.alloc(24, 7).toString('base64'),
    createdAt: 0,
  };
  const encryption = { current: 'old', keys: { old: KEY.old } };

  it('writes no secret of any endpoint in plain text', async () => {
    const directory = temporaryDirectory();
    const { world, store } = await open(directory, { encryption });
    expect(store.capabilities.encrypted).toBe(true);
    await world.putEndpoint({ id: 'ep', secrets: [secret] });
    const hidden = world.hiddenEndpoint({ id: 'hidden', secrets: [secret] });
    await world.append([world.hiddenEntry([hidden])], { hiddenEndpoints: [hidden] });
    const text = journalText(directory) + readFileSync(join(directory, 'endpoints.json'), 'utf8');
    expect(text).not.toContain(secret.value);
    expect(text).toContain('enc:v1:old:');
    await store.close();
    const again = await open(directory, { encryption });
    for (const id of ['ep', 'hidden'])
      expect((await again.store.endpoints.get({ id }))?.record.secrets).toMatchObject([
        { value: secret.value },
      ]);
  });

  it('refuses to start without a key that is needed, and encrypts with the new one once both are there', async () => {
    const directory = temporaryDirectory();
    const { world, store } = await open(directory, { encryption });
    const hidden = world.hiddenEndpoint({ id: 'hidden', secrets: [secret] });
    await world.append([world.hiddenEntry([hidden])], { hiddenEndpoints: [hidden] });
    await store.close();
    await expect(open(directory)).rejects.toMatchObject({ code: 'key_missing' });
    const keys = { next: KEY.next };
    await expect(open(directory, { encryption: { current: 'next', keys } })).rejects.toMatchObject({
      code: 'key_missing',
    });
    const both = await open(directory, { encryption: { current: 'next', keys: { ...keys, old: KEY.old } } });
    await both.store.close();
    const last = await open(directory, { encryption: { current: 'next', keys } });
    expect((await last.store.endpoints.get({ id: 'hidden' }))?.record.secrets).toMatchObject([
      { value: secret.value },
    ]);
  });
});
