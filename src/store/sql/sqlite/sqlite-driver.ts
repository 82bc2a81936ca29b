import { describeError, StoreError } from '../../../errors.ts';
import { isMissing, loadPackage } from '../load-package.ts';
import type { SqliteDatabase } from './sqlite-connection.ts';

/** Packages that open SQLite files, in the order in which they are tried: what was installed was meant to be used. */
export const SQLITE_DRIVERS = ['better-sqlite3', 'libsql', 'node:sqlite'] as const;

/** A package that opens SQLite files. */
export type SqliteDriverName = (typeof SQLITE_DRIVERS)[number];

/** Opens a file, and makes it when it is missing. */
export type OpenSqlite = (path: string) => SqliteDatabase;

/** The class of its databases. */
export type DatabaseClass = new (path: string, options?: object) => SqliteDatabase;

/**
 * The first driver that can be loaded, or the one that is named.
 *
 * @throws StoreError that says what to install
 */
export async function loadSqliteDriver(name: SqliteDriverName | undefined): Promise<OpenSqlite> {
  if (name !== undefined) return openWith(await loadDatabaseClass(name));
  const failures = new Map<SqliteDriverName, unknown>();
  for (const candidate of SQLITE_DRIVERS) {
    try {
      return openWith(await loadDatabaseClass(candidate));
    } catch (error) {
      failures.set(candidate, error);
    }
  }
  throw noDriverError(failures);
}

/** Says what to install, and of a driver that is installed already what is wrong with it. */
export function noDriverError(failures: ReadonlyMap<SqliteDriverName, unknown>): StoreError {
  const broken = [...failures].filter(
    ([name, error]) => name !== 'node:sqlite' && !isMissing(name, (error as Error).cause),
  );
  const advice =
    'A SQLite file needs a driver, and none can be loaded. Install one: npm install better-sqlite3, or npm install libsql; Node.js 22.13 and newer ' +
    'have one of their own, node:sqlite.';
  const [cause] = broken.length > 0 ? broken.map(([, error]) => error) : failures.values();
  return new StoreError([advice, ...broken.map(([, error]) => describeError(error))].join(' '), {
    code: 'driver_missing',
    cause,
  });
}

/** Loads a driver by its name. */
export async function loadDatabaseClass(name: SqliteDriverName): Promise<DatabaseClass> {
  const loaded = await loadPackage(name);
  return (
    name === 'node:sqlite' ? (loaded as { readonly DatabaseSync: unknown }).DatabaseSync : loaded
  ) as DatabaseClass;
}

/** Waiting for a lock inside SQLite would hold up the thread, perhaps the very one that is to give it back. */
export function openWith(Database: DatabaseClass): OpenSqlite {
  return (path) => new Database(path, { timeout: 0 });
}
