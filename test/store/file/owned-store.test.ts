import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { createStoreSuite } from '../../../src/testing/store-suite.ts';
import { diskError, WatchedLayer } from './file-layers.ts';
import { startOwned } from './owned-world.ts';

createStoreSuite(
  {
    name: 'file, owned',
    create: async ({ clock }) => {
      const directory = mkdtempSync(join(tmpdir(), 'posthorn-suite-'));
      const layer = new WatchedLayer();
      const store = await startOwned(directory, { clock, layer, segmentBytes: 2_000 });
      return {
        store,
        failNextAppend: async () => {
          layer.fault = ({ kind, name }) => {
            if (kind !== 'dataSync' || !name.endsWith('.log')) return undefined;
            layer.fault = () => undefined;
            throw diskError('EIO');
          };
        },
        close: async () => {
          await store.close();
          rmSync(directory, { recursive: true, force: true });
        },
      };
    },
  },
  { describe, it, beforeEach, afterEach },
);
