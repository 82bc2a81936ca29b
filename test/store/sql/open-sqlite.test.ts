import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { openSqliteFile } from '../../../src/store/sql/sqlite/open-sqlite.ts';
import type { SqliteDatabase } from '../../../src/store/sql/sqlite/sqlite-connection.ts';

/** Reads a pragma of a connection that was opened. */
async function openAndRead(synchronous: 'full' | 'normal', pragma: string): Promise<unknown> {
  let database: InstanceType<typeof Libsql> | undefined;
  const path = join(mkdtempSync(`${tmpdir()}/posthorn-open-`), 'a.db');
  const open = (file: string): SqliteDatabase => (database = new Libsql(file));
  const connection = await openSqliteFile({ path, synchronous, open });
  const [row] = database!.prepare(`pragma ${pragma}`).all() as Record<string, unknown>[];
  connection.close();
  rmSync(join(path, '..'), { recursive: true });
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
    await expect(openSqliteFile({ path: 'a.db', synchronous: 'full', open })).rejects.toThrow(message);
    expect(isClosed).toBe(true);
    real.close();
  });
});
