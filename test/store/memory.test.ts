import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreError } from '../../src/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { memoryStore, type MemoryStoreOptions } from '../../src/store/memory/memory-store.ts';
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.ts';
import { createStoreSuite } from '../../src/testing/store-suite.ts';
import { StoreWorld } from '../../src/testing/store-suite/store-world.ts';

const close = async (): Promise<void> => undefined;

createStoreSuite(
  {
    name: 'memory',
    create: async () => {
      const store = memoryStore();
      return { store, second: async () => store, close };
    },
  },
  { describe, it, beforeEach, afterEach },
);

async function setup(
  options: MemoryStoreOptions = {},
): Promise<{ store: Store; world: StoreWorld; clock: ManualClock }> {
  const clock = createManualClock();
  const store = memoryStore(options);
  const world = new StoreWorld({ store, close }, clock);
  await world.open();
  return { store, world, clock };
}

async function messageIds(store: Store): Promise<string[]> {
  const { items } = await store.list({ of: 'messages', where: {}, limit: 1_000 });
  return items.map(({ id }) => id).reverse();
}

describe('memoryStore capacity', () => {
  it('lets the message go that finished first', async () => {
    const { store, world } = await setup({ maxMessages: 4 });
    const [slow, quick] = await world.emit(['ep', 'ep']);
    const { leased } = await world.claim();
    await world.succeed(leased[1]!);
    await world.succeed(leased[0]!);
    await world.append([world.entry([]), world.entry([])]);
    await world.append([world.entry([])]);
    expect(await store.getDelivery({ id: quick! })).toBeUndefined();
    expect(await store.getDelivery({ id: slow! })).toBeDefined();
    await world.append([world.entry([])]);
    expect(await store.getDelivery({ id: slow! })).toBeUndefined();
    expect(await messageIds(store)).toHaveLength(4);
  });

  it('refuses a batch that has no room, and stores nothing of it', async () => {
    const { store, world } = await setup({ maxMessages: 3 });
    const finished = world.entry([]);
    await world.append([finished]);
    await world.emit(['ep', 'ep']);
    const before = await messageIds(store);
    const error = await world
      .append([world.entry([]), world.entry([])])
      .catch((thrown: unknown) => thrown as StoreError);
    expect(error).toMatchObject({ name: 'StoreError', code: 'store_full' });
    expect((error as StoreError).message).toMatch(/holds 3 of at most 3.*Raise maxMessages/s);
    expect(await messageIds(store)).toEqual(before);
    await expect(world.append([world.entry([])])).resolves.toMatchObject([{ kind: 'stored' }]);
    expect(await messageIds(store)).not.toContain(finished.message.id);
  });

  it('has room again when deliveries end', async () => {
    const { world } = await setup({ maxMessages: 1 });
    await world.emitOne('ep');
    await expect(world.emitOne('ep')).rejects.toMatchObject({ code: 'store_full' });
    await world.exhaust(await world.claimOne());
    await expect(world.emitOne('ep')).resolves.toBeTypeOf('string');
  });

  it('does not let messages go that are retried or not matched yet', async () => {
    const { store, world } = await setup({ maxMessages: 2 });
    const id = await world.emitOne('ep');
    await world.succeed(await world.claimOne());
    await store.reschedule({ where: { deliveryIds: [id] }, to: 'scheduled', limit: 1 });
    await world.append([{ ...world.entry([]), fannedOut: false }]);
    await expect(world.append([world.entry([])])).rejects.toMatchObject({ code: 'store_full' });
  });

  it('keeps a hundred thousand messages unless told otherwise', async () => {
    const { store, world } = await setup();
    const entries = Array.from({ length: 1_000 }, () => world.entry([]));
    for (let batch = 0; batch < 101; batch += 1) {
      await world.append(entries.map((entry) => ({ ...entry, message: world.message() })));
    }
    const { messages } = await store.prune({
      retention: { succeededMs: 0, unsuccessfulMs: 0 },
      budgetMs: 1_000,
    });
    expect(messages).toBe(100_000);
  });

  it('takes any number when unbounded', async () => {
    const { store, world } = await setup({ maxMessages: Infinity });
    await world.emit(Array.from({ length: 200 }, () => 'ep'));
    expect(await messageIds(store)).toHaveLength(200);
  });

  it.each([0, -1, 1.5, NaN, '10' as unknown as number])('refuses maxMessages %s', (maxMessages) => {
    expect(() => memoryStore({ maxMessages })).toThrow(
      /maxMessages: expected a whole number of at least 1, or Infinity, got /,
    );
  });

  it('holds no more memory after many messages than after few', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const { world } = await setup({ maxMessages: 500 });
    const fill = async (rounds: number): Promise<number> => {
      for (let round = 0; round < rounds; round += 1) {
        const deliveries = ['ep_1', 'ep_2', 'ep_1_key'].map((id) =>
          world.delivery(id, { orderingKey: id.endsWith('key') ? 'key' : undefined }),
        );
        const dataJson = JSON.stringify(`${round}`.repeat(1_000));
        await world.append([world.entry(deliveries, { dataJson, idempotencyKey: world.id('key') })]);
        const { leased } = await world.claim();
        await world.retryIn(leased[0]!, 0);
        await world.succeed(...leased.slice(1), ...(await world.claim()).leased);
      }
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await fill(1_000);
    const after = await fill(6_000);
    expect(after - before).toBeLessThan(3_000_000);
  });
});

describe('memoryStore ordering keys', () => {
  it('works through a long queue of one key', async () => {
    const { world } = await setup();
    const emitted = await world.emit(
      Array.from({ length: 300 }, () => 'ep'),
      { orderingKey: 'key' },
    );
    const served: string[] = [];
    for (let count = 0; count < emitted.length; count += 1) {
      const leased = await world.claimOne();
      served.push(leased.id);
      await world.succeed(leased);
    }
    expect(served).toEqual(emitted);
  });
});

describe('memoryStore prune', () => {
  it('stops when its time is over', async () => {
    const { store, world } = await setup();
    await world.append(Array.from({ length: 1_000 }, () => world.entry([])));
    let now = 10_000_000_000_000;
    await store.close();
    await store.open({ clock: { now: () => (now += 10) } });
    const retention = { succeededMs: 0, unsuccessfulMs: 0 };
    const { messages, more } = await store.prune({ retention, budgetMs: 35 });
    expect([messages, more]).toEqual([400, true]);
  });
});

describe('memoryStore open and close', () => {
  it('says that it is not open', async () => {
    const error: unknown = await memoryStore()
      .getLane({ laneId: 'ep' })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('open({ clock })') as string,
    });
  });

  it('keeps what is stored for the next dispatcher that opens it', async () => {
    const { store, world } = await setup();
    const id = await world.emitOne('ep');
    await store.close();
    const clock = createManualClock({ startAt: Date.UTC(2030, 0) });
    await store.open({ clock });
    const { leased } = await world.claim();
    expect(leased.map((one) => [one.id, one.firstAttemptAt])).toEqual([[id, clock.now()]]);
  });

  it('keeps its clock while somebody has it open', async () => {
    const { store, world, clock } = await setup();
    await store.open({ clock: createManualClock({ startAt: 0 }) });
    await store.close();
    const id = await world.emitOne('ep');
    expect((await world.read(id)).createdAt).toBe(clock.now());
  });
});
