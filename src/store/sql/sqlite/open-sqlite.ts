import { describeError, StoreError } from '../../../errors.ts';
import { retryTransient } from '../retrying-runner.ts';
import { SqliteConnection, type SqliteDatabase } from './sqlite-connection.ts';

/** How far a commit is kept: `full` waits for the disk, `normal` may lose the last ones with the power, not with the process. */
export type Synchronous = 'full' | 'normal';

/** The oldest SQLite with the operators that the store uses. */
const MIN_VERSION = [3, 38] as const;
const SYNCHRONOUS: Readonly<Record<Synchronous, number>> = { full: 2, normal: 1 };
/** What the log of writes is cut back to after a burst. */
const MAX_WAL_BYTES = 64 * 1024 * 1024;

/**
 * A connection of our own to a file: in WAL mode, with the durability that was asked for, never waiting inside SQLite. What a setting became is
 * read back: a file system may not be able to do it.
 *
 * @throws StoreError when the file cannot be opened, or not in that way
 */
export async function openSqliteFile(params: {
  readonly path: string;
  readonly open: (path: string) => SqliteDatabase;
  readonly synchronous: Synchronous;
}): Promise<SqliteConnection> {
  const { path, open, synchronous } = params;
  let database: SqliteDatabase | undefined;
  try {
    database = open(path);
    await configure(database, path, synchronous);
    return new SqliteConnection(database);
  } catch (error) {
    database?.close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      `Cannot open the SQLite file ${JSON.stringify(path)}: ${describeError(error)}. Does its folder exist, and may this process write there?`,
      { cause: error },
    );
  }
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
