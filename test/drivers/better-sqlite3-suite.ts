import { createRequire } from 'node:module';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { declareSyncOutbox } from '../support/sync-outbox.ts';
import { declareGivenDatabase, runGivenDatabaseSuite } from './given-database.ts';

const BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3') as new (
  path: string,
) => SqliteDatabase;
const open = (path: string): SqliteDatabase => new BetterSqlite3(path);

runGivenDatabaseSuite('SQLite (better-sqlite3)', open);
declareGivenDatabase('better-sqlite3', open);
declareSyncOutbox('better-sqlite3', open);
