/** How far a commit of the SQLite store is kept, read from its own connection: the application only says which file. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../support/child.ts';
import { createPlace } from '../../support/store-places.ts';

const TIMEOUT_MS = 60_000;
const LEVELS = { full: 2, normal: 1 } as const;
const REPORT = fileURLToPath(new URL('../../support/report-synchronous.mjs', import.meta.url));

describe('commits of a SQLite store', () => {
  it.for([
    ['process', false],
    ['thread', true],
  ] as const)(
    'wait for the disk, unless asked not to, in the %s',
    { timeout: TIMEOUT_MS },
    async ([where, worker], { signal }) => {
      await using place = await createPlace('sqlite');
      const program = `
        import Libsql from 'libsql';
        import { sqlStore } from './src/store/sql/index.ts';
        const path = ${JSON.stringify(place.location.url)};
        const options = { worker: ${worker} };
        const byPath = sqlStore(path, { ...options, driver: 'libsql' });
        const byObject = sqlStore(new Libsql(path), options);
        const quick = sqlStore(path, { ...options, driver: 'libsql', synchronous: 'normal' });
        for (const store of [byPath, byObject, quick]) {
          await store.open({ clock: Date });
          await store.close();
        }
      `;
      const { code, stdout, stderr } = await runProgram(program, signal, REPORT);
      expect([code, stderr]).toEqual([0, '']);
      const lines = [LEVELS.full, LEVELS.full, LEVELS.normal].map((level) => `${where}: ${level}\n`);
      expect(stdout).toBe(lines.join(''));
    },
  );
});
