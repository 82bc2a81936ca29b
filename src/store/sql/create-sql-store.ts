import { expectInteger, expectKnownKeys, expectObject, unexpected } from '../../core/expect-value.ts';
import { createKeyring, type EncryptionOptions } from '../codec/keyring.ts';
import type { Store } from '../store.ts';
import { readTablePlace } from './schema/table-place.ts';
import { SQLITE_DRIVERS, type SqliteDriverName } from './sqlite/sqlite-driver.ts';
import { SqlStore } from './sql-store.ts';
import { type SqlTarget, toBackend } from './target.ts';
import type { TargetOptions } from './target-options.ts';

/** Options of `sqlStore`. */
export interface SqlStoreOptions {
  /** Begins the names of all tables: small letters, digits and `_`, at most 38. Default `'posthorn_'`. */
  readonly prefix?: string | undefined;
  /** PostgreSQL: the schema that the tables are in, made if it is missing. Default: the first one of the search path. */
  readonly schema?: string | undefined;
  /**
   * Makes the tables, and migrates them to the version of this release, when the store is opened; of several processes one does it, and the
   * others wait. `false`: your own tool does, with the SQL of `sqlSchema`, and opening fails while the tables are missing or old. Default `true`.
   */
  readonly autoMigrate?: boolean | undefined;
  /** Keys that encrypt secrets and sensitive headers of endpoints. Without them they are stored as they are, and a warning says so. */
  readonly encryption?: EncryptionOptions | undefined;
  /**
   * How often changes of endpoints and settings by other processes are looked for, in milliseconds, 10 to 60,000; where the database can notify, they are
   * heard of at once, and this stands behind it. Default 500.
   */
  readonly pollIntervalMs?: number | undefined;
  /**
   * Database servers: longest time that a call may take, in milliseconds, 100 to 600,000, waiting for a connection included. A connection that does not
   * answer in time is given up, and a transaction in which this process stands still for so long is undone:
   * on PostgreSQL, and on MariaDB where the connection is the store's own (MySQL has no such limit). Default 30,000.
   */
  readonly callTimeoutMs?: number | undefined;
  /** Connections of the pool that the store makes of a URL, 1 to 100; a pool that is given has its own. Default 5. */
  readonly connections?: number | undefined;
  /**
   * SQLite: whether a thread of its own works on the file, so that the event loop never waits for the disk. Default: where there is more than one
   * core. A database in memory has none, whatever this says.
   */
  readonly worker?: boolean | undefined;
  /**
   * SQLite: `'full'`: what was stored is on the disk when the call ends. `'normal'`: faster; the last commits may be lost with the power, not with the
   * process. Default `'full'`.
   */
  readonly synchronous?: 'full' | 'normal' | undefined;
  /**
   * SQLite: the package that opens a file given by its path. Default: the first one that is there of `better-sqlite3`, `libsql`, `node:sqlite`. If the
   * application has the file open, too, in the same process, it must be the same package, or better: give the store the database object. Two
   * copies of SQLite in one process undo each other's locks, and corrupt the file.
   */
  readonly driver?: SqliteDriverName | undefined;
  /** Replaces the time of the database. For tests: processes whose clocks differ would take each other's leases. */
  readonly clock?: { now(): number } | undefined;
}

const CALL_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 500;
const KEYS: readonly (keyof SqlStoreOptions)[] = [
  'prefix',
  'schema',
  'autoMigrate',
  'encryption',
  'pollIntervalMs',
  'callTimeoutMs',
  'connections',
  'worker',
  'synchronous',
  'driver',
  'clock',
];

/**
 * A store in a SQL database: SQLite, PostgreSQL, MySQL or MariaDB. Any number of processes share it. It takes what you have:
 *
 * - SQLite: the path of a file, `sqlite:` or `file:` before it or not, or a database object of better-sqlite3, libsql or node:sqlite. The object only says
 *   which file: the store opens a connection of its own, which your transactions cannot hold up. `':memory:'`, or an object in memory, is for tests: gone
 *   with the process.
 * - PostgreSQL: a `Pool` of pg, a `postgres://` URL, or a PGlite instance (not durable).
 * - MySQL and MariaDB: a pool of mysql2, or a `mysql://` or `mariadb://` URL.
 * - An instance or a dialect of Kysely; `{ dialect, sql: 'postgres' }` where the database cannot be told from it.
 *
 * Packages are loaded when the store is opened. Pools and instances that you give stay open when it closes. An option that the target has no use for is
 * refused.
 *
 * @throws OptionsError naming the option
 *
 * @example
 * const dispatcher = new WebhookDispatcher({ store: sqlStore('./webhooks.db') });
 */
export function sqlStore(target: SqlTarget, options: SqlStoreOptions = {}): Store {
  expectKnownKeys(expectObject(options, 'options', 'an object of options'), 'sqlStore', KEYS);
  const { clock, autoMigrate = true, encryption, pollIntervalMs } = options;
  const targetOptions = readTargetOptions(options);
  const backend = toBackend(target, targetOptions);
  return new SqlStore({
    backend,
    connect: {
      place: readTablePlace(backend.dialect.name, options),
      autoMigrate: expectBoolean(autoMigrate, 'autoMigrate'),
      now: readClock(clock),
      timeoutMs: targetOptions.callTimeoutMs ?? CALL_TIMEOUT_MS,
    },
    keyring: encryption === undefined ? undefined : createKeyring(encryption),
    pollIntervalMs:
      optional(pollIntervalMs, (value) => expectInteger(value, 'pollIntervalMs', 10, 60_000)) ??
      POLL_INTERVAL_MS,
  });
}

function readTargetOptions(options: SqlStoreOptions): TargetOptions {
  const { worker, synchronous, driver, connections, callTimeoutMs } = options;
  return {
    worker: optional(worker, (value) => expectBoolean(value, 'worker')),
    synchronous: optional(synchronous, (value) => expectWord(value, 'synchronous', ['full', 'normal'])),
    driver: optional(driver, (value) => expectWord(value, 'driver', SQLITE_DRIVERS)),
    connections: optional(connections, (value) => expectInteger(value, 'connections', 1, 100)),
    callTimeoutMs: optional(callTimeoutMs, (value) => expectInteger(value, 'callTimeoutMs', 100, 600_000)),
  };
}

function optional<T>(value: unknown, expect: (given: unknown) => T): T | undefined {
  return value === undefined ? undefined : expect(value);
}

function expectBoolean(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw unexpected(path, 'true or false', value);
}

function expectWord<T extends string>(value: unknown, path: string, words: readonly T[]): T {
  const word = words.find((known) => known === value);
  if (word !== undefined) return word;
  throw unexpected(path, `one of ${words.join(', ')}`, value);
}

function readClock(clock: unknown): (() => number) | undefined {
  if (clock === undefined) return undefined;
  const given = expectObject(clock, 'clock', 'an object with a function now') as { readonly now?: unknown };
  if (typeof given.now !== 'function') throw unexpected('clock.now', 'a function', given.now);
  return () => (given as { now(): number }).now();
}
