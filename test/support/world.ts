/** Several dispatchers over one store, one clock and one receiver: what a restart or a second process looks like. */
import { createExactRandom } from '../../src/testing/harness.ts';
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import type { Receiver, ReceiverOptions } from '../../src/listener/receiver.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { Attempt, Delivery } from '../../src/core/delivery.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';

export const LOOPBACK = { allowPrivate: ['127.0.0.0/8', '::1/128'] };

export interface World extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly receiver: Receiver;
  /** A new dispatcher on the store of this world, unless the options bring one. Stopped with the world. */
  start(options?: DispatcherOptions): WebhookDispatcher;
  /** Moves time; everything that is due is really sent and written first, by every dispatcher that runs. */
  advance(ms: number): Promise<void>;
}

export async function createWorld(
  options: { store?: Store; receiver?: ReceiverOptions } = {},
): Promise<World> {
  const clock = createManualClock();
  const store = options.store ?? memoryStore();
  const receiver = await createReceiver(options.receiver);
  const dispatchers: WebhookDispatcher[] = [];
  const random = createExactRandom();
  return {
    clock,
    store,
    receiver,
    start(extra = {}) {
      const dispatcher = new WebhookDispatcher({ store, clock, random, network: LOOPBACK, ...extra });
      dispatchers.push(dispatcher);
      return dispatcher;
    },
    async advance(ms) {
      const until = clock.now() + ms;
      for (;;) {
        await settleAll(dispatchers, receiver);
        const next = clock.nextTimerAt;
        if (next === undefined || next > until) break;
        await clock.advance(Math.max(0, next - clock.now()));
      }
      await clock.advance(Math.max(0, until - clock.now()));
      await settleAll(dispatchers, receiver);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.stop({ timeoutMs: 0 })));
      await receiver.close();
    },
  };
}

/** Turns of the event loop until something is so. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 5_000,
): Promise<void> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > limitMs)
      throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await turn();
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A store with some calls replaced; the replacement gets the real store. */
export function decorateStore(store: Store, overrides: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, key) {
      if (Object.hasOwn(overrides, key)) return overrides[key as keyof Store];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

export interface ReportedDelivery extends Delivery {
  readonly attemptLog: readonly Attempt[];
}

/** All deliveries of a dispatcher's store with their attempts, oldest first. */
export async function allDeliveries(
  dispatcher: Pick<WebhookDispatcher, 'deliveries'>,
): Promise<ReportedDelivery[]> {
  const page = await dispatcher.deliveries.list({ limit: 500 });
  const found = await Promise.all(page.items.map(({ id }) => dispatcher.deliveries.get(id)));
  return found.reverse();
}

/** The only delivery there is. */
export async function onlyDelivery(
  dispatcher: Pick<WebhookDispatcher, 'deliveries'>,
): Promise<ReportedDelivery> {
  const deliveries = await allDeliveries(dispatcher);
  if (deliveries.length !== 1) throw new Error(`expected one delivery, found ${JSON.stringify(deliveries)}`);
  return deliveries[0]!;
}

/** Lifecycle events of the given names, as they come. */
export function recordEvents(
  dispatcher: WebhookDispatcher,
  ...names: Parameters<WebhookDispatcher['on']>[0][]
): { name: string; event: Record<string, unknown> }[] {
  const events: { name: string; event: Record<string, unknown> }[] = [];
  for (const name of names) {
    dispatcher.on(name, (event) => void events.push({ name, event: { ...event } }));
  }
  return events;
}

async function settleAll(dispatchers: readonly WebhookDispatcher[], receiver: Receiver): Promise<void> {
  for (let isQuiet = false; !isQuiet;) {
    isQuiet = true;
    for (const dispatcher of dispatchers) {
      if ((await dispatcher.health()).status !== 'running') continue;
      if (!(await settle(dispatcher, dispatchers, receiver))) return;
    }
    for (const dispatcher of dispatchers) {
      const { status, inFlight, queued, pendingMessages } = await dispatcher.health();
      if (status === 'running' && inFlight + queued + pendingMessages > 0) isQuiet = false;
    }
  }
}

/** False when only the clock could end what goes on: the receiver holds every request. */
async function settle(
  dispatcher: WebhookDispatcher,
  all: readonly WebhookDispatcher[],
  receiver: Receiver,
): Promise<boolean> {
  let isDrained = false;
  const drained = dispatcher.drain().then(() => {
    isDrained = true;
  });
  drained.catch(() => undefined);
  while (!isDrained) {
    let inFlight = 0;
    for (const each of all) inFlight += (await each.health()).inFlight;
    if (inFlight > 0 && receiver.waiting >= inFlight) return false;
    await Promise.race([drained, turn()]);
  }
  await drained;
  return true;
}
