import { availableParallelism } from 'node:os';
import { StoreError } from '../../../errors.ts';
import type { Backend, Connection, ConnectParams } from '../backend.ts';
import { connectScripts } from '../connect-scripts.ts';
import { openSqliteFile, requireVersion, type Synchronous } from './open-sqlite.ts';
import { SqliteConnection, type SqliteDatabase } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import {
  type DatabaseClass,
  loadDatabaseClass,
  loadSqliteDriver,
  openWith,
  type SqliteDriverName,
} from './sqlite-driver.ts';
import { SqliteGroupRunner } from './sqlite-group-runner.ts';
import { SqliteSignals } from './sqlite-signals.ts';
import { WorkerRunner } from './worker-runner.ts';
import { hasWorkerEntry } from './worker-entry.ts';

/** A SQLite file. */
export interface SqliteFile {
  readonly path: string;
  readonly synchronous: Synchronous;
  readonly driver: SqliteDriverName | undefined;
  /**
   * The class that the application opens it with. Two copies of SQLite in one process undo each other's locks on a file, and corrupt it: where the
   * application has one, it must be ours, too.
   */
  readonly given: DatabaseClass | undefined;
  /** Whether a thread works on it; `undefined`: if there is more than one core. */
  readonly worker: boolean | undefined;
}

/** A file that any number of processes may work on. We use a connection of our own: one of the application may be in a transaction. */
export function createSqliteFileBackend(file: SqliteFile): Backend {
  return {
    name: 'sqlite',
    dialect: sqliteDialect,
    isDurable: true,
    isShared: true,
    isNotified: true,
    connect: async (params) =>
      (await usesWorker(file)) ? connectWorker(file, params) : connectFile(file, params),
  };
}

/** A database in the memory of the process, gone when it is closed. One that is given stays open, and is not ours alone. */
export function createSqliteMemoryBackend(
  given: SqliteDatabase | undefined,
  driver: SqliteDriverName | undefined,
): Backend {
  return {
    name: 'sqlite',
    dialect: sqliteDialect,
    isDurable: false,
    isShared: false,
    isNotified: false,
    async connect(params) {
      const database = given ?? (await loadSqliteDriver(driver))(':memory:');
      requireVersion(database);
      return connectInThread(new SqliteConnection(database, { isOwn: given === undefined }), params);
    },
  };
}

async function usesWorker({ worker, driver, given }: SqliteFile): Promise<boolean> {
  if (worker === false) return false;
  if (worker === undefined && (availableParallelism() <= 1 || !hasWorkerEntry())) return false;
  // A thread loads the driver by its name, and may get another copy than the application has.
  const isSame = given === undefined || (driver !== undefined && (await isLoadedAs(given, driver)));
  if (isSame || worker === undefined) return isSame;
  throw new StoreError(
    'A thread cannot work on this SQLite file: it would load another copy of the driver than the application has. Leave out worker: true.',
  );
}

function isLoadedAs(given: DatabaseClass, driver: SqliteDriverName): Promise<boolean> {
  return loadDatabaseClass(driver).then(
    (loaded) => loaded === given,
    () => false,
  );
}

async function connectFile(file: SqliteFile, params: ConnectParams): Promise<Connection> {
  const { path, synchronous, given } = file;
  const open = given === undefined ? await loadSqliteDriver(file.driver) : openWith(given);
  return connectInThread(
    await openSqliteFile({ path, synchronous, open, mayCreate: params.autoMigrate }),
    params,
  );
}

async function connectInThread(connection: SqliteConnection, params: ConnectParams): Promise<Connection> {
  const runner = await connectScripts({
    dialect: sqliteDialect,
    scripts: new SqliteGroupRunner(connection),
    connect: params,
  });
  return withSignals(runner);
}

async function connectWorker(file: SqliteFile, params: ConnectParams): Promise<Connection> {
  const { path, driver, synchronous } = file;
  const { place, autoMigrate, now } = params;
  const runner = new WorkerRunner({ path, driver, synchronous, place, autoMigrate }, now);
  await runner.open();
  return withSignals(runner);
}

function withSignals(runner: Connection['runner']): Connection {
  const signals = new SqliteSignals(runner);
  return {
    runner,
    signals,
    async close() {
      signals.close();
      await runner.close();
    },
  };
}
