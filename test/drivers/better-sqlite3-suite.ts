import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqlStore } from '../../src/store/sql/create-sql-store.ts';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { runStoreSuite } from '../support/run-store-suite.ts';
import { sqlitePlace } from '../support/sql-stores.ts';

interface BetterDatabase extends SqliteDatabase {
  readonly inTransaction: boolean;
}

const BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3') as new (
  path: string,
) => BetterDatabase;

runStoreSuite({ name: 'SQLite (better-sqlite3)', missing: undefined }, async () => {
  const place = await sqlitePlace({ worker: false }, (path) => new BetterSqlite3(path));
  const databases: BetterDatabase[] = [];
  return {
    ...place,
    store: (options) => {
      const database = new BetterSqlite3(place.path);
      databases.push(database);
      return sqlStore(database, { worker: false, ...options });
    },
    drop: async () => {
      for (const database of databases) database.close();
      await place.drop();
    },
  };
});

describe('a database object of better-sqlite3', () => {
  it('names the file; a transaction on it holds nothing of the store back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-better-'));
    const database = new BetterSqlite3(join(folder, 'app.db'));
    const store = sqlStore(database);
    const clock = createManualClock();
    await store.open({ clock });
    database.exec('begin');
    await store.settings.put({ key: 'switch', value: 'off' });
    expect(database.inTransaction).toBe(true);
    database.exec('rollback');
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
    await store.close();
    database.close();
    rmSync(folder, { recursive: true });
  });
});
