import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import type { LocalStore } from '../../../../src/store/file/socket/local-store.ts';
import type { SharedStore } from '../../../../src/store/file/socket/shared-store.ts';
import { AFTER_OWNER_LOST, type StoreCall } from '../../../../src/store/file/socket/store-calls.ts';
import type { OpenParams, Store, StoreChange } from '../../../../src/store/store.ts';
import { createManualClock } from '../../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../../src/testing/store-suite/store-world.ts';
import { SharedFolder } from '../../../support/shared-folder.ts';
import { turn, until } from '../../../support/world.ts';

const START = 1_767_225_600_000;

let folder: SharedFolder;

beforeEach(() => {
  folder = new SharedFolder();
});

afterEach(() => folder.remove());

/** Short ways to fill a store. */
function worldOf(store: Store): StoreWorld {
  return new StoreWorld({ store, close: async () => undefined }, createManualClock());
}

async function holdsCall(count = 1): Promise<void> {
  await until(() => folder.held.length === count, `${count} calls are held up`);
}

describe('SharedStore', () => {
  it('opens the store once, for whoever is first', async () => {
    const [first, second, third] = await Promise.all([folder.open(), folder.open(), folder.open()]);
    const [id] = await worldOf(second).emit(['ep']);
    expect(await first.getDelivery({ id: id! })).toEqual(await third.getDelivery({ id: id! }));
    expect(folder.epoch).toBe(1);
  });

  it('is open until it was closed as often as it was opened, and can be opened again', async () => {
    const store = await folder.open();
    await store.open({ clock: { now: () => START } });
    await store.close();
    expect(await store.now()).toBe(START);
    await Promise.all([store.close(), store.close()]);
    await expect(store.now()).rejects.toMatchObject({ code: 'store_failed' });
    await expect(store.now()).rejects.toThrow('call open');
    await store.open({ clock: { now: () => START } });
    expect(await store.now()).toBe(START);
  });

  it('can be closed while it is being opened', async () => {
    let finish: (() => void) | undefined;
    const store = folder.store({
      openLocal: async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        return folder.local();
      },
    });
    const opened = store.open({ clock: { now: () => START } });
    await until(() => finish !== undefined, 'the local store is being opened');
    const closed = store.close();
    const refused = expect(opened).rejects.toThrow('closed before it was open');
    finish!();
    await Promise.all([closed, refused]);
    expect(await (await folder.open()).now()).toBe(START);
  });

  it('gives the lock up when the local store cannot be opened', async () => {
    const broken = new StoreError('The journal is damaged.');
    const openLocal = (): Promise<never> => Promise.reject(broken);
    await expect(folder.open({ openLocal })).rejects.toBe(broken);
    expect(await (await folder.open()).now()).toBe(START);
  });

  it('becomes a client of who took the folder over while it opened the local store', async () => {
    const followed = new StoreError('The file store was taken over.', { code: 'store_owner_lost' });
    let owner: SharedStore | undefined;
    const openLocal = async (): Promise<never> => {
      // Somebody removes the socket by hand.
      rmSync(join(folder.dir, 'control.sock'));
      owner = await folder.open();
      throw followed;
    };
    const store = await folder.open({ openLocal });
    const id = await worldOf(store).emitOne('ep');
    expect(await owner!.getDelivery({ id })).toBeDefined();
    expect(folder.epoch).toBe(1);
    expect(folder.log.join()).toContain('Becoming its client');
  });

  it('becomes a client of who took the folder over, though it has nothing to write', async () => {
    const openLocal = async (params: OpenParams): Promise<LocalStore> => {
      await folder.memory.open(params);
      const local = folder.local();
      return { ...local, isFollowed: () => folder.epoch > local.epoch };
    };
    const first = await folder.open({ openLocal });
    rmSync(join(folder.dir, 'control.sock'));
    const second = await folder.open();
    const id = await worldOf(first).emitOne('ep');
    await second.close();
    expect((await first.getDelivery({ id }))?.state).toBe('scheduled');
    expect(folder.log.join()).toContain('Becoming its client');
  });

  it('says what became of a call that met the local store closed, after another one found that it was followed', async () => {
    folder.holds.add('getDelivery').add('append');
    const first = await folder.open();
    const [read, written] = [first.getDelivery({ id: 'dlv' }), worldOf(first).emitOne('ep')];
    const refused = expect(written).rejects.toMatchObject({ code: 'store_owner_lost' });
    await holdsCall(2);
    folder.holds.clear();
    rmSync(join(folder.dir, 'control.sock'));
    await folder.open();
    folder.holds.add('stats');
    const stats = first.stats({ where: {} });
    await holdsCall(3);
    folder.holds.clear();
    folder.held[2]!.fail(new StoreError('Taken over.', { code: 'store_owner_lost' }));
    await expect(stats).rejects.toMatchObject({ code: 'store_owner_lost' });
    for (const call of folder.held.slice(0, 2)) call.fail(new StoreError('The file store is closed.'));
    expect(await read).toBeUndefined();
    await refused;
  });

  it('fails when whatever is at its files never lets it open the local store', async () => {
    const followed = new StoreError('The file store was taken over.', { code: 'store_owner_lost' });
    const openLocal = (): Promise<never> => Promise.reject(followed);
    await expect(folder.open({ openLocal })).rejects.toBe(followed);
    expect(await (await folder.open()).now()).toBe(START);
  });

  it('lets a client go alone', async () => {
    const owner = await folder.open();
    const client = await folder.open();
    await client.close();
    await until(() => folder.log.length === 0, 'nothing is logged');
    expect(await owner.now()).toBe(START);
    await expect(client.now()).rejects.toThrow('not open');
  });

  it('lets a client own the folder once the owner has closed', async () => {
    const owner = await folder.open();
    const client = await folder.open();
    const id = await worldOf(owner).emitOne('ep');
    await owner.close();
    expect((await client.getDelivery({ id }))?.state).toBe('scheduled');
    expect(folder.epoch).toBe(2);
    await owner.open({ clock: { now: () => START } });
    expect(folder.epoch).toBe(2);
  });

  it('loses and repeats no call while owners close one after the other', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => folder.open()));
    const last = stores.at(-1)!;
    const world = worldOf(last);
    let isOver = false;
    const stored: string[] = [];
    const callers = Array.from({ length: 8 }, async () => {
      // The last one ends as the owner, whose calls need no turn of the event loop.
      for (; !isOver; await turn()) stored.push(...(await world.emit(['ep'])));
    });
    for (let index = 0; index < 5; index += 1) {
      const before = stored.length;
      await until(() => stored.length > before + 20, 'messages are stored');
      // Whoever owns the folder at the moment is among these.
      await stores[index]!.close();
    }
    isOver = true;
    await Promise.all(callers);
    const { items } = await last.list({ of: 'deliveries', where: {}, limit: 100_000 });
    expect(items.map(({ id }) => id).sort()).toEqual(stored.sort());
  });

  it('answers what runs before it closes, and makes nothing after', async () => {
    const owner = await folder.open();
    const client = await folder.open();
    folder.holds.add('settings.put');
    const running = client.settings.put({ key: 'a', value: '1' });
    await holdsCall();
    const closed = owner.close();
    folder.holds.clear();
    const later = client.settings.get({ key: 'a' });
    expect(folder.epoch).toBe(1);
    folder.held[0]!.go();
    await running;
    expect(await later).toBe('1');
    await closed;
    expect(folder.epoch).toBe(2);
  });

  it('passes errors on as they are', async () => {
    await folder.open();
    const client = await folder.open();
    const call = client.reschedule({ where: {}, to: 'discarded', limit: 1 });
    await expect(call).rejects.toMatchObject({ code: 'invalid_option', name: 'OptionsError' });
    folder.holds.add('append');
    const append = worldOf(client).emitOne('ep');
    await holdsCall();
    folder.held[0]!.fail(new StoreError('The store is full.', { code: 'store_full' }));
    await expect(append).rejects.toMatchObject({ code: 'store_full', message: 'The store is full.' });
  });

  it('refuses a call or an answer that is too large, and goes on', async () => {
    const owner = await folder.open();
    const client = await folder.open();
    const dataJson = JSON.stringify('x'.repeat(20_000_000));
    const world = worldOf(owner);
    const entries = [1, 2, 3, 4].map(() => world.entry([], { dataJson }));
    const params = { entries, hiddenEndpoints: [], owner: 'h', leaseMs: 1, idempotencyWindowMs: 1 };
    await expect(client.append(params)).rejects.toThrow(/Could not send a call of append .* has 8\d+ bytes/);
    await owner.append(params);
    const page = client.list({ of: 'messages', where: {}, limit: 4 });
    await expect(page).rejects.toThrow(/Could not send the answer to list .* has 8\d+ bytes/);
    expect((await client.list({ of: 'messages', where: {}, limit: 1 })).items).toHaveLength(1);
  });

  it('says so when what it is given cannot be sent', async () => {
    await folder.open();
    const client = await folder.open();
    const params = { key: 'a', value: (() => 'x') as unknown as string };
    await expect(client.settings.put(params)).rejects.toThrow('could not be cloned');
    expect(await client.now()).toBe(START);
  });
});

describe('SharedStore: when the owner is lost', () => {
  const CALLS = Object.keys(AFTER_OWNER_LOST) as StoreCall[];

  function make(store: SharedStore, call: StoreCall, world: StoreWorld): Promise<unknown> {
    const params: Readonly<Record<StoreCall, unknown>> = {
      now: undefined,
      append: {
        entries: [world.entry([])],
        hiddenEndpoints: [],
        owner: 'h',
        leaseMs: 1,
        idempotencyWindowMs: 1,
      },
      claimFanOut: { limit: 1, leaseMs: 1, lease: 'l' },
      completeFanOut: { results: [] },
      claimDue: {
        limit: 1,
        leaseMs: 1,
        owner: 'h',
        lease: 'l',
        perLane: 1,
        freeSlots: new Map(),
        maxRescues: 5,
      },
      settle: { settlements: [] },
      renew: { leases: [], leaseMs: 1 },
      release: { leases: [], refund: true },
      getLane: { laneId: 'lane' },
      putLane: { laneId: 'lane' },
      getMessage: { id: 'msg' },
      getDelivery: { id: 'dlv' },
      list: { of: 'messages', where: {}, limit: 1 },
      reschedule: { where: {}, to: 'scheduled', limit: 1 },
      stats: { where: {} },
      prune: { retention: { succeededMs: 0, unsuccessfulMs: 0 }, budgetMs: 1 },
      'endpoints.put': { record: world.endpoint(), expectedRevision: 0 },
      'endpoints.get': { id: 'ep' },
      'endpoints.list': { limit: 1 },
      'endpoints.remove': { id: 'ep' },
      'settings.get': { key: 'k' },
      'settings.put': { key: 'k', value: 'v' },
    };
    const [member, group] = call.split('.').reverse() as [string, string?];
    const target = (group === undefined ? store : Reflect.get(store, group)) as object;
    const method = Reflect.get(target, member) as (params: unknown) => Promise<unknown>;
    return method.call(target, params[call]);
  }

  it.each(CALLS)(`repeats %s, or says that nobody knows what became of it`, async (call) => {
    const owner = await folder.open();
    const client = await folder.open();
    folder.holds.add(call);
    const made = make(client, call, worldOf(client));
    await holdsCall();
    folder.holds.clear();
    const seen =
      AFTER_OWNER_LOST[call] === 'repeat'
        ? expect(made).resolves.not.toThrow()
        : expect(made).rejects.toMatchObject({ name: 'StoreError', code: 'store_owner_lost' });
    // The local store finds that the folder was taken away: what runs stays without an answer.
    folder.holds.add('prune');
    const prune = owner.prune({ retention: { succeededMs: 0, unsuccessfulMs: 0 }, budgetMs: 1 });
    await holdsCall(2);
    folder.holds.clear();
    folder.held[1]!.fail(new StoreError('Another owner.', { code: 'store_owner_lost' }));
    await expect(prune).rejects.toMatchObject({ code: 'store_owner_lost' });
    await seen;
    await until(() => folder.epoch === 2, 'the client owns the folder');
    // The former owner is a client now.
    folder.held[0]!.go();
    expect(await owner.now()).toBe(START);
    expect(folder.epoch).toBe(2);
    expect(folder.log).toEqual([expect.stringMatching(/^Another process owns the folder/)]);
  });

  it('tells its listeners to look at everything', async () => {
    const owner = await folder.open();
    const client = await folder.open();
    const changes: StoreChange[] = [];
    client.watch((change) => changes.push(change));
    client.watch(() => {
      throw new Error('a listener failed');
    });
    await owner.close();
    await until(() => changes.length === 4, 'everything was told');
    expect(changes).toEqual([
      { kind: 'setting', key: undefined },
      { kind: 'endpoint', id: undefined },
      { kind: 'fan_out' },
      { kind: 'work' },
    ]);
  });

  it('fails, and tries again with the next call, when the store cannot be opened', async () => {
    const owner = await folder.open();
    let isBroken = true;
    const client = await folder.open({
      openLocal: async () => {
        if (isBroken) throw new StoreError('The journal is damaged.');
        return folder.local();
      },
    });
    await owner.close();
    await until(() => folder.log.length === 1, 'the trouble was logged');
    expect(folder.log).toEqual(['Could not open the file store again: The journal is damaged.']);
    await expect(client.now()).rejects.toThrow('The journal is damaged.');
    isBroken = false;
    expect(await client.now()).toBe(START);
  });

  it('refuses an owner that is older than the last one', async () => {
    folder.epoch = 6;
    const owner = await folder.open();
    const client = await folder.open({ openLocal: () => Promise.reject(new StoreError('Not me.')) });
    await owner.close();
    await until(() => folder.log.length === 1, 'the client failed to own it');
    folder.epoch = 2;
    await folder.open();
    await expect(client.now()).rejects.toThrow('its owner has the number 3, but number 7 was there before');
  });
});

describe('SharedStore: an owner that does not answer', () => {
  const LIMIT_MS = 5_000;

  it('lets a call fail after a while, and hands back what it leased meanwhile', async () => {
    const clock = createManualClock();
    const owner = await folder.open();
    const client = await folder.open({ clock, answerLimitMs: LIMIT_MS });
    const id = await worldOf(owner).emitOne('ep');
    folder.holds.add('claimDue');
    const claim = worldOf(client).claim();
    await holdsCall();
    await clock.advance(LIMIT_MS - 1);
    const failed = expect(claim).rejects.toThrow('has not answered a call of claimDue for 5000 ms');
    await clock.advance(1);
    await failed;
    folder.held[0]!.go();
    await until(async () => (await owner.getDelivery({ id }))?.state === 'scheduled', 'the lease is back');
    expect(await owner.getDelivery({ id })).toMatchObject({ attempts: 0, rescues: 0 });
    await until(() => clock.pendingTimers === 0, 'no timer is left');
  });

  it('hands back what an append leased that was given up', async () => {
    const clock = createManualClock();
    const owner = await folder.open();
    const client = await folder.open({ clock, answerLimitMs: LIMIT_MS });
    folder.holds.add('append');
    const emitted = worldOf(client).emit(['ep'], { id: 'dlv', lease: 'token' });
    await holdsCall();
    const failed = expect(emitted).rejects.toMatchObject({ code: 'store_unavailable' });
    await clock.advance(LIMIT_MS);
    await failed;
    folder.held[0]!.go();
    await until(async () => {
      const delivery = await owner.getDelivery({ id: 'dlv' });
      return delivery?.state === 'scheduled' && delivery.attempts === 0;
    }, 'the lease is back');
  });

  it('lets open fail when the owner says no hello, and waits longer the next time', async () => {
    const clock = createManualClock();
    let finish: (() => void) | undefined;
    const opening = folder.open({
      openLocal: async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        await folder.memory.open({ clock: { now: () => START } });
        return folder.local();
      },
    });
    await until(() => finish !== undefined, 'the owner opens its store');
    const client = folder.store({ clock, answerLimitMs: LIMIT_MS });
    const opened = client.open({ clock: { now: () => START } });
    await until(() => clock.pendingTimers > 0, 'the client waits');
    const failed = expect(opened).rejects.toThrow('has not said hello for 5000 ms');
    await clock.advance(LIMIT_MS);
    await failed;
    finish!();
    await opening;
    await client.open({ clock: { now: () => START } });
    expect(await client.now()).toBe(START);
  });
});

describe('SharedStore: leases of processes that are gone', () => {
  it('tells the local store of the owners that a client named, when its connection ends', async () => {
    await folder.open();
    const client = await folder.open();
    await worldOf(client).claim({ owner: 'holder_1' });
    await worldOf(client).append([], { owner: 'holder_2' });
    await client.close();
    await until(() => folder.gone.length === 2, 'both are gone');
    expect(folder.gone.sort()).toEqual(['holder_1', 'holder_2']);
  });

  it('tells again when a claim of that client ended later', async () => {
    await folder.open();
    const client = await folder.open();
    folder.holds.add('claimDue');
    const claim = expect(worldOf(client).claim({ owner: 'holder' })).rejects.toMatchObject({
      code: 'store_owner_lost',
    });
    await holdsCall();
    await client.close();
    await claim;
    await until(() => folder.gone.length === 1, 'it is gone');
    folder.held[0]!.go();
    await until(() => folder.gone.length === 2, 'it is gone once more');
  });

  it('does not tell of an owner that is still here', async () => {
    const owner = await folder.open();
    const clients = await Promise.all([folder.open(), folder.open()]);
    await worldOf(owner).claim({ owner: 'mine' });
    for (const client of clients) await worldOf(client).claim({ owner: 'theirs' });
    await worldOf(clients[0]).claim({ owner: 'mine' });
    await clients[0].close();
    await clients[1].close();
    await until(() => folder.gone.length > 0, 'somebody is gone');
    expect(folder.gone).toEqual(['theirs']);
  });

  it('tells a new owner who is here, once everybody had time to come back', async () => {
    const clock = createManualClock();
    const owner = await folder.open({ clock });
    const clients = await Promise.all([folder.open({ clock }), folder.open({ clock })]);
    await worldOf(owner).claim({ owner: 'dead' });
    await worldOf(clients[0]).claim({ owner: 'holder_1' });
    await worldOf(clients[1]).claim({ owner: 'holder_2' });
    await owner.close();
    await Promise.all(clients.map((client) => client.now()));
    await clock.advance(4_999);
    expect(folder.present).toEqual([]);
    await clock.advance(1);
    expect(folder.present).toEqual([['holder_1', 'holder_2']]);
  });
});
