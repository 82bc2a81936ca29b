import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteFile } from '../../../src/store/sql/sqlite/open-sqlite.ts';
import type { Script } from '../../../src/store/sql/script.ts';
import type { SqliteDatabase } from '../../../src/store/sql/sqlite/sqlite-connection.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-open-'));
  folders.push(folder);
  return join(folder, 'a.db');
}

const openLibsql = (path: string): SqliteDatabase => new Libsql(path);
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** Reads a pragma of a connection that was opened. */
async function openAndRead(synchronous: 'full' | 'normal', pragma: string): Promise<unknown> {
  let database: InstanceType<typeof Libsql> | undefined;
  const path = newPath();
  const open = (file: string): SqliteDatabase => (database = new Libsql(file));
  const connection = await openSqliteFile({ path, synchronous, open, mayCreate: true });
  const [row] = database!.prepare(`pragma ${pragma}`).all() as Record<string, unknown>[];
  connection.close();
  return Object.values(row!)[0];
}

describe('openSqliteFile', () => {
  it('waits for the disk with each commit, unless asked not to', async () => {
    expect(await openAndRead('full', 'synchronous')).toBe(2);
    expect(await openAndRead('normal', 'synchronous')).toBe(1);
  });

  it('uses the write-ahead log, and never waits inside SQLite', async () => {
    expect(await openAndRead('full', 'journal_mode')).toBe('wal');
    expect(await openAndRead('full', 'busy_timeout')).toBe(0);
  });

  it('makes a file that nobody else can read, nor what is beside it', async () => {
    const path = newPath();
    const connection = await openSqliteFile({ path, synchronous: 'full', open: openLibsql, mayCreate: true });
    connection.run(true, writeTable());
    expect(readdirSync(join(path, '..')).sort()).toEqual(['a.db', 'a.db-shm', 'a.db-wal']);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(modeOf(file)).toBe('600');
    connection.close();
  });

  it('makes no file where none may be made', async () => {
    const path = newPath();
    await expect(
      openSqliteFile({ path, synchronous: 'full', open: openLibsql, mayCreate: false }),
    ).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining(`There is no SQLite file ${JSON.stringify(path)}`),
    });
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('leaves the permissions of a file as they are', async () => {
    const path = newPath();
    writeFileSync(path, '');
    chmodSync(path, 0o640);
    const connection = await openSqliteFile({ path, synchronous: 'full', open: openLibsql, mayCreate: true });
    expect(modeOf(path)).toBe('640');
    connection.close();
  });

  it('says which file is none of SQLite', async () => {
    const path = newPath();
    writeFileSync(path, 'Dear diary, '.repeat(1_000));
    await expect(
      openSqliteFile({ path, synchronous: 'full', open: openLibsql, mayCreate: true }),
    ).rejects.toMatchObject({
      name: 'StoreError',
      message: `Cannot open the SQLite file ${JSON.stringify(path)}: file is not a database. The file holds something else, or is encrypted: give the store another path.`,
      cause: { code: 'SQLITE_NOTADB' },
    });
  });

  it.each([
    [
      'pragma journal_mode = wal',
      [{ journal_mode: 'delete' }],
      /cannot be used in WAL mode.*network file system/,
    ],
    ['pragma synchronous', [{ synchronous: 1 }], /took synchronous = full .* and answers 1/],
    [
      'select sqlite_version() as version',
      [{ version: '3.37.2' }],
      /needs SQLite 3\.38 or newer.* has 3\.37\.2/,
    ],
  ])('refuses a file where "%s" answers otherwise', async (sql, rows, message) => {
    let isClosed = false;
    const real = new Libsql(':memory:');
    const open = (): SqliteDatabase => ({
      exec: () => undefined,
      close: () => (isClosed = true),
      prepare: (text) =>
        text === sql
          ? { reader: true, all: () => rows, run: () => ({ changes: 0 }) }
          : text === 'pragma journal_mode = wal'
            ? { reader: true, all: () => [{ journal_mode: 'wal' }], run: () => ({ changes: 0 }) }
            : real.prepare(text),
    });
    await expect(
      openSqliteFile({ path: newPath(), synchronous: 'full', open, mayCreate: true }),
    ).rejects.toThrow(message);
    expect(isClosed).toBe(true);
    real.close();
  });
});

function* writeTable(): Script<void> {
  yield { sql: 'create table a (b)', parameters: [], isFixed: false };
}
