/** Of a database object; that of a path is in test/store/sql. */
import { createRequire } from 'node:module';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { declareSyncOutbox } from '../support/sync-outbox.ts';
import { declareGivenDatabase, runGivenDatabaseSuite } from './given-database.ts';

// Vite does not know the module by its name alone, and Node.js 20 does not have it.
const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
};
const open = (path: string): SqliteDatabase => new DatabaseSync(path);

runGivenDatabaseSuite('SQLite (a database object of node:sqlite)', open);
declareGivenDatabase('node:sqlite', open);
declareSyncOutbox('node:sqlite', open);
