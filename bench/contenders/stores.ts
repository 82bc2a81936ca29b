import { memoryStore, type Store } from 'posthorn';
import type { StoreName, StorePlace } from '../harness/store-place.ts';

/** Opens each store with the settings that users get. */
const STORES: Readonly<Partial<Record<StoreName, (place: StorePlace) => Store>>> = {
  memory: () => memoryStore(),
};

/** The store at a place. */
export function openStore(place: StorePlace): Store {
  return STORES[place.store]!(place);
}
