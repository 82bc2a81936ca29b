import { describeError, OptionsError } from '../../../errors.ts';
import type { Backend } from '../backend.ts';
import type { Synchronous } from './open-sqlite.ts';
import { createSqliteFileBackend, createSqliteMemoryBackend } from './sqlite-backend.ts';
import type { SqliteDatabase } from './sqlite-connection.ts';
import { type DatabaseClass, SQLITE_DRIVERS, type SqliteDriverName } from './sqlite-driver.ts';

/** Options of {@link createGivenSqliteBackend}. */
export interface GivenSqliteOptions {
  readonly worker: boolean | undefined;
  readonly synchronous: Synchronous;
}

/**
 * A database object of the application says which file, and which driver; the connection is one of our own. One in memory is used as it is: there is
 * no other way to it.
 */
export function createGivenSqliteBackend(database: SqliteDatabase, options: GivenSqliteOptions): Backend {
  const path = fileOf(database);
  if (path === undefined) return createSqliteMemoryBackend(database, undefined);
  const { synchronous, worker } = options;
  const backend = createSqliteFileBackend({
    path,
    driver: driverOf(database),
    synchronous,
    worker,
    given: database.constructor as DatabaseClass,
  });
  return { ...backend, requireTransactions: () => requireBusyTimeout(database) };
}

/**
 * Who only says by the object which file it is never writes by it, and may set the timeout later: it is looked at when a message is stored by a transaction.
 *
 * @throws OptionsError
 */
function requireBusyTimeout(database: SqliteDatabase): void {
  if (!waitsForNothing(database)) return;
  throw new OptionsError(
    'target',
    'target: this database object has a busy timeout of 0, so its transactions fail whenever the store writes. ' +
      "Make it with new Database(path, { timeout: 5000 }), or run db.exec('pragma busy_timeout = 5000').",
  );
}

function waitsForNothing(database: SqliteDatabase): boolean {
  try {
    const rows = database.prepare('pragma busy_timeout').all() as { readonly timeout: number | bigint }[];
    return Number(rows[0]?.timeout) === 0;
  } catch {
    // It is closed by now: transactions are those of another object.
    return false;
  }
}

/** The absolute path of its main file; `undefined` for one in memory. */
function fileOf(database: SqliteDatabase): string | undefined {
  const rows = listFiles(database);
  const file = rows.find(({ name }) => name === 'main')?.file;
  return file === null || file === undefined || file === '' ? undefined : file;
}

/** @throws OptionsError when it is closed */
function listFiles(database: SqliteDatabase): readonly { name: string; file: string | null }[] {
  try {
    return database.prepare('pragma database_list').all() as { name: string; file: string | null }[];
  } catch (error) {
    // In these words all drivers say so.
    if (!/not open/i.test(describeError(error))) throw error;
    throw new OptionsError(
      'target',
      'target: this database object is closed, and cannot say which file it was of. Give the store one that is open, or the path of the file.',
    );
  }
}

/** By what their objects have, and the others have not. */
function driverOf(database: object): SqliteDriverName | undefined {
  const has = (name: string): boolean => name in database;
  const candidates: Readonly<Record<SqliteDriverName, boolean>> = {
    'better-sqlite3': has('backup') && has('unsafeMode') && !has('syncUntil'),
    libsql: has('syncUntil'),
    'node:sqlite': has('createSession') || database.constructor.name === 'DatabaseSync',
  };
  return SQLITE_DRIVERS.find((name) => candidates[name]);
}
