import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { fileStore } from '../../../src/store/file/file-store.ts';
import { createStoreSuite } from '../../../src/testing/store-suite.ts';

createStoreSuite(
  {
    name: 'file',
    create: async () => {
      const directory = mkdtempSync(join(tmpdir(), 'posthorn-suite-'));
      return {
        store: fileStore(directory),
        second: async () => fileStore(directory),
        close: async () => rmSync(directory, { recursive: true, force: true }),
      };
    },
  },
  { describe, it, beforeEach, afterEach },
);
