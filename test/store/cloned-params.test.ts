/** The suite asks nothing of a store that one in another process could not give: plain data there and back, each call later. */
import { afterEach, beforeEach, describe, it } from 'vitest';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createStoreSuite } from '../../src/testing/store-suite.ts';
import { turn } from '../support/world.ts';

type Call = (params: unknown) => Promise<unknown>;

/** Calls that go through structured clone, and arrive a turn of the event loop later. */
function cloning<Target extends object>(target: Target, passedOn: readonly PropertyKey[]): Target {
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'endpoints' || key === 'settings') return cloning(value as object, []);
      if (typeof value !== 'function') return value;
      if (passedOn.includes(key)) return value.bind(target) as unknown;
      return async (params: unknown) => {
        const sent = structuredClone(params);
        await turn();
        return structuredClone(await (value as Call).call(target, sent));
      };
    },
  });
}

/** What has to stay in the process: a clock, and a listener. */
const LOCAL = ['open', 'watch'] satisfies readonly (keyof Store)[];

createStoreSuite(
  {
    name: 'memory, every call by structured clone',
    create: async () => {
      const store = cloning(memoryStore(), LOCAL);
      return { store, second: async () => store, close: async () => undefined };
    },
  },
  { describe, it, beforeEach, afterEach },
);
