/** A database server that is down, and connections that are dead without a word. */
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import type { SqlStoreOptions } from '../../src/store/sql/index.ts';
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.ts';
import { CountingReceiver } from '../support/counting-receiver.ts';
import { openStore, type StoreKind } from '../support/open-store.ts';
import { createPlace, reachable, type StorePlace } from '../support/store-places.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { allDeliveries, LOOPBACK, until } from '../support/world.ts';

const TIMEOUT_MS = 60_000;
const SECOND = 1_000;

interface OutageWorld extends AsyncDisposable {
  readonly place: StorePlace;
  readonly proxy: TcpProxy;
  readonly receiver: CountingReceiver;
  readonly dispatcher: WebhookDispatcher;
}

/** A dispatcher that reaches its database by a proxy. */
async function setup(
  kind: StoreKind,
  options: DispatcherOptions,
  storeOptions: SqlStoreOptions,
): Promise<OutageWorld> {
  const place = await createPlace(kind);
  const proxy = await TcpProxy.start(place.location);
  const receiver = await CountingReceiver.start();
  const store = openStore(proxy.location, storeOptions);
  const dispatcher = new WebhookDispatcher({ store, network: LOOPBACK, ...options });
  await dispatcher.start();
  return {
    place,
    proxy,
    receiver,
    dispatcher,
    async [Symbol.asyncDispose]() {
      const stopped = watch(dispatcher.stop({ timeoutMs: 0 }));
      await until(
        async () => {
          // Where time stands still, so do the limits of a stop.
          if (options.clock !== undefined) await (options.clock as ManualClock).advance(SECOND);
          return stopped.state() !== 'pending';
        },
        'the dispatcher has stopped',
        TIMEOUT_MS,
      );
      await receiver.close();
      await proxy[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** Says what came of a promise so far. */
function watch(promise: Promise<unknown>): { readonly state: () => unknown } {
  let state: unknown = 'pending';
  promise.then(
    () => (state = 'resolved'),
    (error: unknown) => (state = error),
  );
  return { state: () => state };
}

describe.each(reachable('postgres', 'mariadb'))('a server of %s that is down for 30 s', (kind) => {
  it('costs no attempt and no outcome, and emits wait for it', { timeout: TIMEOUT_MS }, async () => {
    // Half a minute for the engine and for the store; the connections are really cut, and really made anew.
    const clock = createManualClock();
    const options = { clock, retry: { kind: 'once' } } as const;
    await using world = await setup(kind, options, { clock });
    const { proxy, receiver, dispatcher } = world;
    await dispatcher.endpoints.create({ url: receiver.url, concurrency: 1 });
    receiver.judge(() => 'hold');
    const inFlight = await dispatcher.emit('job.done', 'in flight');
    const waiting = await dispatcher.emit('job.done', 'waits for its turn');
    await receiver.until(() => receiver.held() === 1, 'the first is being sent');

    proxy.cut();
    const early = watch(dispatcher.emit('job.done', 'at the beginning'));
    await until(async () => (await dispatcher.health()).lastError !== undefined, 'the store has failed');
    receiver.release();
    await until(async () => (await dispatcher.health()).pendingOutcomes > 0, 'the outcome is known');
    await clock.advance(29 * SECOND);
    expect(early.state()).toBe('pending');
    const late = dispatcher.emit('job.done', 'towards the end', { id: 'late' });
    await clock.advance(SECOND);
    expect(early.state()).toMatchObject({
      name: 'StoreError',
      code: 'emit_timeout',
      cause: { code: 'store_unavailable' },
    });
    expect((await dispatcher.health()).pendingOutcomes).toBeGreaterThan(0);

    proxy.restore();
    let lastAt = performance.now();
    await until(
      async () => {
        // Not much faster than real time, which connecting takes: the emit must not become too old meanwhile.
        const now = performance.now();
        await clock.advance(Math.floor(4 * (now - lastAt)));
        lastAt = now;
        return [inFlight.id, waiting.id, 'late'].every((id) => receiver.answered.has(id));
      },
      'deliveries go on',
      TIMEOUT_MS / 3,
    );
    expect(await late).toMatchObject({ id: 'late', duplicate: false });
    await dispatcher.drain();
    expect(receiver.repeated).toEqual([]);
    const deliveries = await allDeliveries(dispatcher);
    // The emit that was given up may have been on its way: then it is stored, too.
    expect(receiver.arrivals).toHaveLength(deliveries.length);
    for (const delivery of deliveries) {
      expect(delivery).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
      expect(delivery.attemptLog).toHaveLength(1);
    }
  });
});

describe.each(reachable('postgres', 'mariadb'))(
  'a connection to %s that dies under a look for changes',
  (kind) => {
    it('does not keep them from deciding who gets a message', { timeout: TIMEOUT_MS }, async () => {
      await using world = await setup(kind, { pollIntervalMs: 60 * SECOND }, { pollIntervalMs: 100 });
      const { place, proxy, receiver, dispatcher } = world;
      const other = new WebhookDispatcher({
        store: openStore(place.location),
        network: LOOPBACK,
        deliver: false,
      });
      await other.start();
      // From here on it asks nothing but what was changed.
      await dispatcher.drain();
      await proxy.forgetNext();
      await other.endpoints.create({ url: receiver.url });
      await until(
        async () => {
          const { deliveries } = await dispatcher.emit('job.done', {});
          return deliveries.length > 0;
        },
        'the endpoint is known',
        TIMEOUT_MS / 6,
      );
      await other.pause();
      await until(
        async () => (await dispatcher.health()).whilePaused === 'hold',
        'the pause is known',
        TIMEOUT_MS / 6,
      );
      await other.stop();
    });
  },
);

describe.each(reachable('postgres', 'mariadb'))('a server of %s that is down at the first use', (kind) => {
  it('fails that use, and the next one tries again', { timeout: TIMEOUT_MS }, async () => {
    await using place = await createPlace(kind);
    await using proxy = await TcpProxy.start(place.location);
    const receiver = await CountingReceiver.start();
    proxy.cut();
    const dispatcher = new WebhookDispatcher({ store: openStore(proxy.location), network: LOOPBACK });
    const unavailable = { name: 'StoreError', code: 'store_unavailable' };
    await expect(dispatcher.endpoints.create({ url: receiver.url })).rejects.toMatchObject(unavailable);
    await expect(dispatcher.emit('job.done', 1)).rejects.toMatchObject(unavailable);
    proxy.restore();
    await dispatcher.endpoints.create({ url: receiver.url });
    const { id } = await dispatcher.emit('job.done', 2);
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
    expect(receiver.arrivals).toHaveLength(1);
    await dispatcher.stop();
    await receiver.close();
  });
});

describe.each(reachable('postgres', 'mariadb'))('connections to %s that are half open', (kind) => {
  const STORE = { callTimeoutMs: 1_000 };

  it('are given up, and the emit that met them is stored and sent', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(kind, { pollIntervalMs: 100 }, STORE);
    const { proxy, receiver, dispatcher } = world;
    await dispatcher.endpoints.create({ url: receiver.url });
    const before = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => dispatcher.emit('job.done', number)));
    await receiver.until(() => receiver.answered.size === before.length, 'all connections are in use');
    await dispatcher.drain();
    proxy.forget();
    const after = await Promise.all([7, 8, 9].map((number) => dispatcher.emit('job.done', number)));
    await receiver.until(() => receiver.answered.size === 9, 'the others are delivered');
    expect(after.map(({ duplicate }) => duplicate)).toEqual([false, false, false]);
    expect(receiver.arrivals).toHaveLength(9);
  });

  it('let calls end in time, and the store recovers', { timeout: TIMEOUT_MS }, async () => {
    await using place = await createPlace(kind);
    await using proxy = await TcpProxy.start(place.location);
    const store = openStore(proxy.location, STORE);
    await store.open({ clock: { now: () => Date.now() } });
    await store.now();
    proxy.silence();
    const startedAt = performance.now();
    const calls = await Promise.allSettled([1, 2, 3].map(() => store.now()));
    expect(calls).toMatchObject(calls.map(() => ({ reason: { code: 'store_unavailable' } })));
    // A kernel that nobody tells would go on for a quarter of an hour.
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS / 3);
    proxy.restore();
    await until(
      () =>
        store.now().then(
          () => true,
          () => false,
        ),
      'the store answers',
      TIMEOUT_MS / 3,
    );
    await store.close();
  });
});
