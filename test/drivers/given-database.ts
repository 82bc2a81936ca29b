/** What is tested of a SQLite driver whose database object is given to the store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqlStore } from '../../src/store/sql/create-sql-store.ts';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { runStoreSuite } from '../support/run-store-suite.ts';
import { sqlitePlace } from '../support/sql-stores.ts';

type OpenDatabase = (path: string) => SqliteDatabase;

/** Declares the conformance suite of stores that are given a database object each. */
export function runGivenDatabaseSuite(name: string, open: OpenDatabase): void {
  runStoreSuite({ name, missing: undefined }, async () => {
    const place = await sqlitePlace({ worker: false }, open);
    const databases: SqliteDatabase[] = [];
    return {
      ...place,
      store: (options) => {
        const database = open(place.path);
        databases.push(database);
        return sqlStore(database, { worker: false, ...options });
      },
      drop: async () => {
        for (const database of databases) database.close();
        await place.drop();
      },
    };
  });
}

/** Declares what holds for a database object beside the contract. */
export function declareGivenDatabase(driver: string, open: OpenDatabase): void {
  describe(`a database object of ${driver}`, () => {
    it('names the file; a transaction on it holds nothing of the store back', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'posthorn-given-'));
      const database = open(join(folder, 'app.db'));
      const store = sqlStore(database, { worker: false });
      await store.open({ clock: createManualClock() });
      database.exec('begin');
      await store.settings.put({ key: 'switch', value: 'off' });
      database.exec('rollback');
      expect(await store.settings.get({ key: 'switch' })).toBe('off');
      await store.close();
      database.close();
      rmSync(folder, { recursive: true });
    });
  });
}
