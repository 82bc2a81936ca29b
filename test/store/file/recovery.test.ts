import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock, type ManualClock } from '../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../src/testing/store-suite/store-world.ts';
import type { OwnedStore } from '../../../src/store/file/owned-store.ts';
import { copyOf, diskError, temporaryDirectory, WatchedLayer } from './file-layers.ts';
import { type Logged, type OwnedSettings, startOwned } from './owned-world.ts';
import { snapshot } from './snapshot.ts';

interface FileWorld {
  readonly store: OwnedStore;
  readonly world: StoreWorld;
  readonly clock: ManualClock;
  readonly directory: string;
  readonly logged: Logged;
  /** Opens a copy of the folder, as a process would that comes after a crash now. */
  reopen(
    prepare?: (directory: string) => void,
  ): Promise<{ store: OwnedStore; logged: Logged; directory: string }>;
}

async function setup(settings: Partial<OwnedSettings> = {}): Promise<FileWorld> {
  const directory = temporaryDirectory();
  const clock = createManualClock();
  const logged: Logged = [];
  const store = await startOwned(directory, { clock, logged, ...settings });
  onTestFinished(() => store.close().catch(() => undefined));
  const world = new StoreWorld({ store, close: async () => undefined }, clock);
  return {
    store,
    world,
    clock,
    directory,
    logged,
    async reopen(prepare = () => undefined) {
      const copy = copyOf(directory);
      prepare(copy);
      const messages: Logged = [];
      const { layer: _layer, ...rest } = settings;
      const reopened = await startOwned(copy, { ...rest, clock, logged: messages });
      onTestFinished(() => reopened.close().catch(() => undefined));
      return { store: reopened, logged: messages, directory: copy };
    },
  };
}

const segment = (directory: string, number = 1): string =>
  join(directory, 'journal', `${String(number).padStart(8, '0')}.log`);

/** Every kind of call, with what it changes. */
const CALLS: readonly ((world: StoreWorld) => Promise<unknown>)[] = [
  (world) => world.putEndpoint({ id: 'ep', rateLimit: { limit: 3, intervalMs: 60_000 } }),
  (world) => world.emit(['ep', 'ep', 'other']),
  (world) =>
    world.append([
      world.entry([world.delivery('other', { lease: 'live' })], {
        metadata: { a: 1 },
        dataJson: '"\\u0000 ü \u2028"',
        idempotencyKey: 'key',
        trace: { traceparent: '00-1-2-01' },
      }),
    ]),
  async (world) => world.retryIn((await world.claim()).leased[0]!, 5_000),
  async (world) => world.succeed(...(await world.claim({ limit: 1 })).leased),
  (world) => world.advance(5_000),
  (world) => world.append([{ ...world.entry([]), fannedOut: false }]),
  async (world) => {
    const { claims } = await world.store.claimFanOut({ limit: 1, leaseMs: 1_000, lease: 'fan' });
    await world.store.completeFanOut({
      results: [{ messageId: claims[0]!.message.id, lease: 'fan', deliveries: [world.delivery('third')] }],
    });
  },
  (world) => world.append([{ ...world.entry([]), fannedOut: false }]),
  (world) => world.store.putLane({ laneId: 'third', paused: true }),
  (world) => world.store.putLane({ laneId: 'other', blockForMs: 60_000, blockedReason: 'breaker' }),
  (world) => world.emit(['keyed', 'keyed', 'keyed'], { orderingKey: 'k' }),
  async (world) => world.exhaust((await world.claim()).leased.find((one) => one.endpointId === 'keyed')!),
  (world) => world.store.settings.put({ key: 'key', value: 'välue' }),
  (world) => world.store.reschedule({ where: { endpointId: 'keyed' }, to: 'scheduled', limit: 10 }),
  (world) => world.store.reschedule({ where: {}, to: 'discarded', reason: 'cancelled', limit: 3 }),
  (world) =>
    world.append([world.hiddenEntry([world.hiddenEndpoint()])], {
      hiddenEndpoints: [world.hiddenEndpoint({ id: 'hid' })],
    }),
  (world) => world.advance(60_000),
  (world) => world.claim(),
  (world) => world.pruneAll(),
  (world) => world.store.settings.put({ key: 'key', value: undefined }),
  (world) => world.store.endpoints.remove({ id: 'ep' }),
];

describe('file store: recovery', () => {
  it('finds after a crash what was confirmed, at every call', async () => {
    const { world, store, directory, reopen } = await setup();
    const moments: { size: number; endpoints: string; expected: unknown; at: number }[] = [];
    for (const call of CALLS) {
      await call(world);
      const size = statSync(segment(directory)).size;
      const endpoints = readFileSync(join(directory, 'endpoints.json'), 'utf8');
      moments.push({ size, endpoints, expected: await snapshot(store), at: await store.now() });
    }
    for (const { size, endpoints, expected, at } of moments) {
      const { store: reopened, logged } = await reopen((copy) => {
        truncateSync(segment(copy), size);
        writeFileSync(join(copy, 'endpoints.json'), endpoints);
      });
      // What depends on the time of asking is asked at the same time.
      const found = await snapshot(reopened);
      const stats = { ...(found['stats'] as object), at };
      expect({ ...found, stats }).toEqual(expected);
      expect(logged).toEqual([]);
    }
  });

  it('finds the state before a call whose last flush is cut off anywhere', async () => {
    const { world, store, directory, reopen } = await setup();
    await world.emit(['ep', 'ep']);
    const { leased } = await world.claim();
    const before = statSync(segment(directory)).size;
    const expected = await snapshot(store);
    await world.succeed(leased[0]!);
    const after = statSync(segment(directory)).size;
    for (let size = before; size < after; size += 9) {
      const { store: reopened } = await reopen((copy) => truncateSync(segment(copy), size));
      expect(await snapshot(reopened)).toEqual(expected);
    }
  });

  it.each([
    { what: 'in one line', dataJson: '{"ü":1}' },
    { what: 'in several lines', dataJson: '{\n\t"ü": 1\n}' },
  ])('reads messages with data $what and attempts back from the disk', async ({ dataJson }) => {
    const { world, store, reopen } = await setup();
    const response = {
      status: 200,
      headers: { a: 'b' },
      body: 'thanks',
      bodyEncoding: 'utf8',
      bodyTruncated: false,
      bodyComplete: true,
    } as const;
    const entry = world.entry([world.delivery('ep')], {
      dataJson,
      metadata: { deep: { a: [1] } },
    });
    await world.append([entry]);
    for (const one of [store, (await reopen()).store]) {
      const { leased } = await world.claim({}, one);
      expect(leased[0]!.message).toMatchObject({ dataJson, metadata: { deep: { a: [1] } } });
      await one.settle({
        settlements: [world.settlement(leased[0]!, { kind: 'succeeded' }, { response, detail: 'fine' })],
      });
      const { items } = await one.list({ of: 'attempts', where: {}, limit: 10 });
      expect(items).toMatchObject([{ response, detail: 'fine', outcome: 'delivered' }]);
      expect(await one.getMessage({ id: entry.message.id })).toMatchObject({ dataJson });
    }
  });

  it('holds what waits for a disabled endpoint as its record says, also when a person changed that meanwhile', async () => {
    const { world, reopen } = await setup();
    const { id } = await world.putEndpoint({ status: 'disabled', disabledReason: 'manual', held: true });
    const emitted = await world.emit([id]);
    const claimedIn = async (prepare?: (directory: string) => void): Promise<string[]> =>
      (await world.claim({}, (await reopen(prepare)).store)).leased.map((one) => one.id);
    expect(await claimedIn()).toEqual([]);
    const enable = (directory: string): void => {
      const path = join(directory, 'endpoints.json');
      writeFileSync(path, readFileSync(path, 'utf8').replace('"disabled"', '"enabled"'));
    };
    expect(await claimedIn(enable)).toEqual(emitted);
  });

  it('keeps leases, and lets those be rescued whose holder is gone', async () => {
    const { world, reopen } = await setup();
    await world.emit(['ep', 'ep']);
    const [gone] = (await world.claim({ limit: 1, owner: 'gone' })).leased;
    const [here] = (await world.claim({ limit: 1, owner: 'here' })).leased;
    const { store } = await reopen();
    expect((await world.claim({}, store)).rescued).toEqual([]);
    await store.expireLeases((holder) => holder !== 'here');
    const { rescued, leased } = await world.claim({}, store);
    expect(rescued.map(({ id }) => id)).toEqual([gone!.id]);
    expect(leased.map(({ id }) => id)).toEqual([gone!.id]);
    const results = await store.settle({ settlements: [world.settlement(here!, { kind: 'succeeded' })] });
    expect(results).toMatchObject([{ kind: 'settled' }]);
  });

  it('counts takes of a rate limit across a restart', async () => {
    const { world, reopen } = await setup();
    await world.putEndpoint({ id: 'ep', rateLimit: { limit: 2, intervalMs: 60_000 } });
    await world.emit(['ep', 'ep', 'ep']);
    expect((await world.claim()).leased).toHaveLength(2);
    const { store } = await reopen();
    expect((await world.claim({}, store)).leased).toHaveLength(0);
  });

  it('counts the leases of a lane across a restart', async () => {
    const { world, reopen } = await setup();
    await world.putEndpoint({ id: 'ep', maxConcurrencyTotal: 2 });
    await world.emit(['ep', 'ep', 'ep', 'ep']);
    const { leased } = await world.claim();
    expect(leased).toHaveLength(2);
    const { store } = await reopen();
    expect((await world.claim({}, store)).leased).toHaveLength(0);
    await store.settle({ settlements: [world.settlement(leased[0]!, { kind: 'succeeded' })] });
    expect((await world.claim({}, store)).leased).toHaveLength(1);
  });

  it('fails a delivery whose message cannot be read, and says so', async () => {
    const { world, reopen } = await setup();
    const [bad, good] = await world.emit(['ep', 'ep']);
    const damaged = await reopen();
    // Damaged after it was opened: at the start, the message would be left out and reported.
    const path = segment(damaged.directory);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('jobId')]! ^= 1;
    writeFileSync(path, bytes);
    const { leased } = await world.claim({}, damaged.store);
    expect(leased.map(({ id }) => id)).toEqual([good]);
    expect(await damaged.store.getDelivery({ id: bad! })).toMatchObject({
      state: 'failed',
      reason: 'bad_request',
    });
    const { items } = await damaged.store.list({ of: 'attempts', where: { deliveryId: bad! }, limit: 1 });
    expect(items[0]?.detail).toContain('the journal of the file store is damaged');
    expect(damaged.logged.join()).toMatch(/error .*cannot be read back: segment 1 of the journal is damaged/);
    expect((await damaged.store.list({ of: 'messages', where: {}, limit: 9 })).items).toHaveLength(2);
  });

  it('reports deliveries whose message is damaged', async () => {
    const { world, reopen, directory } = await setup();
    await world.emit(['ep', 'ep']);
    const { logged, store } = await reopen((copy) => {
      const bytes = readFileSync(segment(directory));
      bytes[bytes.indexOf('jobId')]! ^= 1;
      writeFileSync(segment(copy), bytes);
    });
    expect(logged).toEqual([
      expect.stringMatching(/^error The journal is damaged: \d+ bytes at offset \d+ of .*00000001.log/),
      expect.stringMatching(/^error The journal holds 1 deliveries and attempts of what cannot be read/),
    ]);
    expect((await store.list({ of: 'deliveries', where: {}, limit: 9 })).items).toHaveLength(1);
  });
});

describe('file store: a disk that fails', () => {
  it.each(['ENOSPC', 'EIO'] as const)(
    'refuses calls while there is %s, and goes on after it',
    async (code) => {
      const layer = new WatchedLayer();
      const { world, store, reopen } = await setup({ layer });
      const [first] = await world.emit(['ep', 'ep']);
      const { leased } = await world.claim({ limit: 1 });
      const expected = await snapshot(store);
      layer.fault = ({ kind, name }) => {
        if (kind === 'write' && name.endsWith('.log')) throw diskError(code);
        return undefined;
      };
      await expect(world.emitOne('ep')).rejects.toMatchObject({ code: 'store_failed', cause: { code } });
      await expect(world.succeed(leased[0]!)).rejects.toMatchObject({ code: 'store_failed' });
      await expect(store.getDelivery({ id: first! })).rejects.toMatchObject({ code: 'store_failed' });
      layer.fault = () => undefined;
      expect(await snapshot(store)).toEqual(expected);
      await world.succeed(leased[0]!);
      await world.emitOne('ep');
      expect(await snapshot((await reopen()).store)).toEqual(await snapshot(store));
    },
  );

  it('tells watchers of nothing that was not stored', async () => {
    const layer = new WatchedLayer();
    const { world, store } = await setup({ layer });
    const heard: string[] = [];
    store.watch(({ kind }) => {
      heard.push(`${kind} after ${layer.operations.at(-1)?.kind}`);
    });
    await world.emitOne('ep');
    await Promise.resolve();
    expect(heard).toEqual(['work after dataSync']);
  });
});

describe('file store: a folder that is removed while it is in use', () => {
  it('confirms nothing more, not even when somebody puts an empty one in its place', async () => {
    const { world, store, directory } = await setup();
    await world.emitOne('ep');
    rmSync(directory, { recursive: true });
    const isGone = {
      code: 'store_failed',
      message: expect.stringContaining('was removed while it was in use'),
    };
    await expect(world.emitOne('ep')).rejects.toMatchObject(isGone);
    await expect(store.stats({ where: {} })).rejects.toMatchObject(isGone);
    mkdirSync(join(directory, 'journal'), { recursive: true });
    await expect(world.emitOne('ep')).rejects.toMatchObject(isGone);
  });
});

describe('file store: a segment that is taken away while it is in use', () => {
  it.each([
    { what: 'removed', take: (path: string) => rmSync(path) },
    { what: 'moved', take: (path: string) => renameSync(path, `${path}.old`) },
    {
      what: 'replaced by a copy',
      take: (path: string) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    },
    {
      what: 'moved with its folder',
      take: (path: string) => renameSync(dirname(path), `${dirname(path)}.old`),
    },
  ])('confirms nothing more once it is $what', async ({ take }) => {
    const { world, store, directory } = await setup();
    await world.emitOne('ep');
    take(segment(directory));
    const isGone = {
      code: 'store_failed',
      message: expect.stringContaining('was removed while it was in use') as string,
    };
    await expect(world.emitOne('ep')).rejects.toMatchObject(isGone);
    await expect(world.emitOne('ep')).rejects.toMatchObject(isGone);
    await expect(store.stats({ where: {} })).rejects.toMatchObject(isGone);
  });

  it('is noticed of an older one when the next is begun', async () => {
    const { world, directory } = await setup({ segmentBytes: 2_000 });
    while (readdirSync(join(directory, 'journal')).length < 4) await world.emitOne('ep');
    rmSync(segment(directory, 2));
    const emitted = async (): Promise<void> => {
      for (let message = 0; message < 20; message += 1) await world.emitOne('ep');
    };
    await expect(emitted()).rejects.toMatchObject({
      message: expect.stringContaining('00000002.log is gone') as string,
    });
  });
});

describe('file store: bounds', () => {
  it('keeps disk and rows bounded under many messages', { timeout: 60_000 }, async () => {
    const { world, store, directory } = await setup({
      segmentBytes: 64 * 1024,
      maxMessages: 500,
      fsync: false,
    });
    await world.emitOne('paused');
    await store.putLane({ laneId: 'paused', paused: true });
    const diskBytes = (): number =>
      readdirSync(join(directory, 'journal'))
        .map((name) => statSync(join(directory, 'journal', name), { throwIfNoEntry: false })?.size ?? 0)
        .reduce((sum, size) => sum + size, 0);
    for (let round = 0; round < 500; round += 1) {
      const deliveries = Array.from({ length: 200 }, () => world.delivery('ep', { lease: 'live' }));
      const results = await world.append(deliveries.map((delivery) => world.entry([delivery])));
      const leased = results.flatMap((result) => (result.kind === 'stored' ? result.leased : []));
      await store.settle({ settlements: leased.map((one) => world.settlement(one, { kind: 'succeeded' })) });
      // Removal waits for the disk, and nobody for removal.
      if (round % 25 === 24) await expect.poll(diskBytes, { timeout: 20_000 }).toBeLessThan(2_000_000);
    }
    const { byState } = await store.stats({ where: {} });
    expect(byState).toMatchObject({ scheduled: 1, succeeded: 499 });
    // The oldest message of all survived every compaction.
    const paused = (await store.list({ of: 'messages', where: { endpointId: 'paused' }, limit: 1 })).items;
    expect(paused[0]?.dataJson).toBe('{"jobId":"42"}');
  });
});
