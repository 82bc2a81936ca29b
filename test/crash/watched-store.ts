import type { Store } from '../../src/store/store.ts';

/** Calls that a window is about. */
export interface Watch {
  /** While an `append` is under way. */
  readonly appending?: () => void;
  readonly settle?: () => Promise<void> | void;
  /** After a `settle`. */
  readonly settled?: () => void;
}

/** The store, which asks before these calls, and tells while and after they run. */
export function watchStore(store: Store, watch: Watch): Store {
  return replaceCalls(store, {
    append(params) {
      const results = store.append(params);
      watch.appending?.();
      return results;
    },
    async settle(params) {
      await watch.settle?.();
      const results = await store.settle(params);
      watch.settled?.();
      return results;
    },
  });
}

/** The store with other calls in the place of some. */
export function replaceCalls(store: Store, calls: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, key) {
      const other: unknown = Reflect.get(calls, key);
      if (other !== undefined) return other;
      const own: unknown = Reflect.get(target, key, target);
      return typeof own === 'function' ? (own as (...args: unknown[]) => unknown).bind(target) : own;
    },
  });
}
