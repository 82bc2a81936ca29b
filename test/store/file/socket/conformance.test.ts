import { afterEach, beforeEach, describe, it } from 'vitest';
import { createStoreSuite } from '../../../../src/testing/index.ts';
import { SharedFolder } from '../../../support/shared-folder.ts';

createStoreSuite(
  {
    name: 'client of an owner',
    create: async ({ clock }) => {
      const folder = new SharedFolder();
      await folder.store().open({ clock });
      return {
        store: folder.store(),
        second: async () => folder.store(),
        close: () => folder.remove(),
      };
    },
  },
  { describe, it, beforeEach, afterEach },
);

createStoreSuite(
  {
    name: 'owner with a client',
    create: async () => {
      const folder = new SharedFolder();
      return {
        store: folder.store(),
        second: async () => folder.store(),
        close: () => folder.remove(),
      };
    },
  },
  { describe, it, beforeEach, afterEach },
);
