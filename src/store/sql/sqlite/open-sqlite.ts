import { existsSync, statSync } from 'node:fs';
import { describeError, StoreError } from '../../../errors.ts';
import { retryTransient } from '../retrying-runner.ts';
import { troubleOf } from '../trouble.ts';
import { createPrivateFile } from './create-private-file.ts';
import { FileWatch } from './file-watch.ts';
import { SqliteConnection, type SqliteDatabase } from './sqlite-connection.ts';

/** How far a commit is kept: `full` waits for the disk, `normal` may lose the last ones with the power, not with the process. */
export type Synchronous = 'full' | 'normal';

/** The oldest SQLite with the operators that the store uses. */
const MIN_VERSION = [3, 38] as const;
const SYNCHRONOUS: Readonly<Record<Synchronous, number>> = { full: 2, normal: 1 };
/** Pages in the log before they are copied into the database: ids are random, so a flush touches many, and the same ones again soon. */
const CHECKPOINT_PAGES = 4_000;
/** What the log of writes is cut back to after a burst. */
const MAX_WAL_BYTES = 64 * 1024 * 1024;

/**
 * A connection of our own to a file, which is made when it is missing and `mayCreate` says so: in WAL mode, with the durability that was asked for, never waiting inside SQLite. What a setting became is
 * read back: a file system may not be able to do it.
 *
 * @throws StoreError when the file cannot be opened, or not in that way; of code `schema_mismatch` when there is none and none may be made
 */
export async function openSqliteFile(params: {
  readonly path: string;
  readonly open: (path: string) => SqliteDatabase;
  readonly synchronous: Synchronous;
  readonly mayCreate: boolean;
}): Promise<SqliteConnection> {
  const { path, open, synchronous, mayCreate } = params;
  // The drivers make one when they open it, each in its own way not to.
  if (!mayCreate && !existsSync(path)) throw noFile(path);
  let database: SqliteDatabase | undefined;
  try {
    createPrivateFile(path);
    database = open(path);
    await configure(database, path, synchronous);
    return new SqliteConnection(database, { watch: new FileWatch(path) });
  } catch (error) {
    database?.close();
    throw error instanceof StoreError && error.cause === undefined ? error : cannotOpen(path, error);
  }
}

function noFile(path: string): StoreError {
  return new StoreError(
    `There is no SQLite file ${JSON.stringify(path)}, and with autoMigrate: false none is made. Is the path right? ` +
      "Make it with the SQL of sqlSchema('sqlite'), or leave out autoMigrate: false.",
    { code: 'schema_mismatch' },
  );
}

/** @param error - of the file system or the driver, or one that has it as its cause */
function cannotOpen(path: string, error: unknown): StoreError {
  const cause = error instanceof StoreError ? error.cause : error;
  const reason = describeError(cause);
  if (isFolder(path))
    return new StoreError(
      `Cannot open the SQLite file ${JSON.stringify(path)}: it is a folder, and a file was expected. Name a file in it.`,
      { cause },
    );
  const advice = /not a database/i.test(reason)
    ? 'The file holds something else, or is encrypted: give the store another path.'
    : troubleOf(cause) === 'busy'
      ? 'Who keeps it locked?'
      : 'Does its folder exist, and may this process write there?';
  return new StoreError(`Cannot open the SQLite file ${JSON.stringify(path)}: ${reason}. ${advice}`, {
    cause,
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function configure(database: SqliteDatabase, path: string, synchronous: Synchronous): Promise<void> {
  database.exec('pragma busy_timeout = 0');
  requireVersion(database);
  // Another process may be switching the mode just now.
  const mode = await retryTransient(async () => readPragma(database, 'journal_mode = wal'));
  if (mode !== 'wal')
    throw new StoreError(
      `The SQLite file ${JSON.stringify(path)} cannot be used in WAL mode (it is in mode ${String(mode)}): is it on a network file system? Put it on a local disk.`,
    );
  database.exec(`pragma synchronous = ${synchronous}`);
  database.exec(`pragma journal_size_limit = ${MAX_WAL_BYTES}`);
  database.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  const level = readPragma(database, 'synchronous');
  if (Number(level) !== SYNCHRONOUS[synchronous])
    throw new StoreError(
      `SQLite took synchronous = ${synchronous} for the file ${JSON.stringify(path)}, and answers ${String(level)}.`,
    );
}

/** @throws StoreError when SQLite is too old */
export function requireVersion(database: SqliteDatabase): void {
  const [row] = database.prepare('select sqlite_version() as version').all() as { version: string }[];
  const [major = 0, minor = 0] = row!.version.split('.').map(Number);
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return;
  throw new StoreError(
    `The store needs SQLite ${MIN_VERSION.join('.')} or newer, and the driver has ${row!.version}: update it.`,
  );
}

/** Sets or reads a pragma that answers with one value. */
function readPragma(database: SqliteDatabase, pragma: string): unknown {
  const [row] = database.prepare(`pragma ${pragma}`).all() as Record<string, unknown>[];
  return row === undefined ? undefined : Object.values(row)[0];
}
