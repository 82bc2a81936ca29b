/** Endpoints with `onDisable: 'hold'`, and processes that end in the middle of a change: the next one finds an endpoint that is whole. */
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { Endpoint } from '../../src/endpoints.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { CountingReceiver } from '../support/counting-receiver.ts';
import { type FreezingPoint, FrozenStore } from '../support/frozen-store.ts';
import { openStore, type StoreKind } from '../support/open-store.ts';
import { createPlace, reachable } from '../support/store-places.ts';
import { LOOPBACK, onlyDelivery, until } from '../support/world.ts';

const TIMEOUT_MS = 60_000;
const HOUR = 3_600_000;

interface HeldWorld extends AsyncDisposable {
  readonly id: string;
  /** On a store that can freeze. */
  readonly first: WebhookDispatcher;
  readonly frozen: FrozenStore;
  /** The next process, after the first has ended. Its dispatcher has other defaults. */
  next(): Promise<WebhookDispatcher>;
}

/** One delivery that failed once, and waits for its retry. */
async function setup(kind: StoreKind): Promise<HeldWorld> {
  const place = await createPlace(kind);
  const receiver = await CountingReceiver.start();
  const clock = createManualClock({ startAt: Date.now() });
  const options = {
    network: LOOPBACK,
    retry: { kind: 'schedule', delaysMs: [HOUR] },
  } as const;
  const frozen = new FrozenStore(openStore(place.location));
  const first = new WebhookDispatcher({ ...options, clock, store: frozen.store, onDisable: 'hold' });
  const dispatchers = [first];
  const { id } = await first.endpoints.create({ url: receiver.url });
  receiver.judge(() => (receiver.arrivals.length === 1 ? 500 : 204));
  await first.emit('job.done', {});
  await until(async () => (await onlyDelivery(first)).attempts === 1, 'the first attempt is made');
  await first.drain();
  return {
    id,
    first,
    frozen,
    async next() {
      frozen.freezeAt(undefined);
      await stopLate(first, (ms) => clock.advance(ms));
      const second = new WebhookDispatcher({ ...options, store: openStore(place.location) });
      dispatchers.push(second);
      await second.start();
      return second;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(dispatchers.slice(1).map((dispatcher) => dispatcher.stop({ timeoutMs: 0 })));
      await stopLate(first, (ms) => clock.advance(ms));
      await receiver.close();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** A stop that waits for a store which does not answer, by a clock that stands still. */
async function stopLate(
  dispatcher: WebhookDispatcher,
  advance: (ms: number) => Promise<void>,
): Promise<void> {
  let isStopped = false;
  void dispatcher.stop({ timeoutMs: 0 }).then(() => (isStopped = true));
  await until(
    async () => {
      await advance(1_000);
      return isStopped;
    },
    'it is stopped',
    TIMEOUT_MS,
  );
}

/** Makes what waits due, and sends what may be sent. */
async function sendDue(dispatcher: WebhookDispatcher): Promise<string> {
  const { id } = await onlyDelivery(dispatcher);
  await dispatcher.deliveries.retry(id);
  await dispatcher.drain();
  return (await onlyDelivery(dispatcher)).state;
}

describe.each(reachable('file', 'sqlite', 'postgres', 'mariadb'))(
  'an endpoint that is held, on %s',
  (kind) => {
    const timeout = TIMEOUT_MS;

    it.each<FreezingPoint & { status: Endpoint['status'] }>([
      { call: 'putLane', when: 'before', status: 'disabled' },
      { call: 'putLane', when: 'after', status: 'disabled' },
      { call: 'endpoints.put', when: 'before', status: 'enabled' },
      { call: 'endpoints.put', when: 'after', status: 'disabled' },
    ])(
      'is disabled or not when its process ends $when $call, and never stuck',
      { timeout },
      async (crash) => {
        await using world = await setup(kind);
        const { id, first, frozen } = world;
        frozen.freezeAt(crash);
        let isDone = false;
        void first.endpoints.update(id, { status: 'disabled' }).then(() => (isDone = true));
        await until(() => isDone || frozen.isFrozen, 'it is disabled, or the process has ended');
        const dispatcher = await world.next();
        const { status, paused } = await dispatcher.endpoints.get(id);
        expect({ status, paused }).toEqual({ status: crash.status, paused: false });
        if (status === 'disabled') {
          expect(await sendDue(dispatcher)).toBe('scheduled');
          await dispatcher.endpoints.update(id, { status: 'enabled' });
        }
        expect(await sendDue(dispatcher)).toBe('succeeded');
      },
    );

    it.each<FreezingPoint>([
      { call: 'endpoints.put', when: 'after' },
      { call: 'putLane', when: 'before' },
      { call: 'putLane', when: 'after' },
    ])('sends again when its process ends $when $call while it is enabled', { timeout }, async (crash) => {
      await using world = await setup(kind);
      const { id, first, frozen } = world;
      await first.endpoints.update(id, { status: 'disabled' });
      frozen.freezeAt(crash);
      void first.endpoints.update(id, { status: 'enabled' });
      await until(() => frozen.isFrozen, 'the process has ended');
      const dispatcher = await world.next();
      expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', paused: false });
      expect(await sendDue(dispatcher)).toBe('succeeded');
    });

    it('discards what waits, as asked, when its process ends before it has', { timeout }, async () => {
      await using world = await setup(kind);
      const { id, first, frozen } = world;
      await first.endpoints.update(id, { status: 'disabled' });
      frozen.freezeAt({ call: 'reschedule', when: 'before' });
      void first.endpoints.update(id, { onDisable: 'discard' });
      await until(() => frozen.isFrozen, 'the process has ended');
      const dispatcher = await world.next();
      expect(await sendDue(dispatcher)).toBe('discarded');
    });

    it('keeps the pause of its owner, before and after', { timeout }, async () => {
      await using world = await setup(kind);
      const { id, first } = world;
      await first.endpoints.pause(id);
      await first.endpoints.update(id, { status: 'disabled' });
      const dispatcher = await world.next();
      await dispatcher.endpoints.update(id, { status: 'enabled' });
      expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', paused: true });
      expect(await sendDue(dispatcher)).toBe('scheduled');
      await dispatcher.endpoints.resume(id);
      expect(await sendDue(dispatcher)).toBe('succeeded');
    });
  },
);
