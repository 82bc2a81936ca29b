import { afterEach, beforeEach, describe, it } from 'vitest';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createStoreSuite } from '../../src/testing/store-suite.ts';

createStoreSuite(
  {
    name: 'memory',
    create: async () => {
      const store = memoryStore();
      return { store, second: async () => store, close: async () => undefined };
    },
  },
  { describe, it, beforeEach, afterEach },
);
