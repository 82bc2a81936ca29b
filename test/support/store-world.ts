import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import type { SqlStoreOptions } from '../../src/store/sql/index.ts';
import { CountingReceiver } from './counting-receiver.ts';
import { openStore, type StoreKind, type StoreLocation } from './open-store.ts';
import { createPlace } from './store-places.ts';
import { LOOPBACK } from './world.ts';

/** A place for a store, a receiver, and dispatchers of this process. Disposing of it ends all. */
export interface StoreWorld extends AsyncDisposable {
  readonly location: StoreLocation;
  readonly receiver: CountingReceiver;
  /** A dispatcher that runs, with a store of its own on the place. */
  start(options?: DispatcherOptions, store?: SqlStoreOptions): Promise<WebhookDispatcher>;
}

export async function createStoreWorld(kind: StoreKind): Promise<StoreWorld> {
  const place = await createPlace(kind);
  const receiver = await CountingReceiver.start();
  const dispatchers: WebhookDispatcher[] = [];
  return {
    location: place.location,
    receiver,
    async start(options = {}, storeOptions = {}) {
      const store = openStore(place.location, storeOptions);
      const dispatcher = new WebhookDispatcher({ store, network: LOOPBACK, ...options });
      dispatchers.push(dispatcher);
      await dispatcher.start();
      return dispatcher;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.stop({ timeoutMs: 0 })));
      await receiver.close();
      await place[Symbol.asyncDispose]();
    },
  };
}
