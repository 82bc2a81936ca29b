/** A connection beside those of the store: what is committed, and whether somebody is in a transaction. */
import Sqlite from 'libsql';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { SCHEMA_VERSION_SETTING } from '../../src/store/sql/schema/schema.ts';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import type { StoreOrder } from './windows.ts';

export interface Outside {
  countTables(): Promise<number>;
  /** The tables are said to be complete. */
  hasVersion(): Promise<boolean>;
  /** Somebody else is in a transaction that writes. @param last - part of its last statement, where that can be asked for */
  isInTransaction(last: string): Promise<boolean>;
  /** As if the tables were those of an older release: the next process that opens them migrates. */
  forgetVersion(): Promise<void>;
  close(): Promise<void>;
}

/** Runs a query; its rows. */
type Ask = (sql: string, values?: unknown[]) => Promise<readonly unknown[]>;

/** Connects. */
export async function openOutside(order: StoreOrder): Promise<Outside> {
  switch (order.kind) {
    case 'sqlite':
      return besideSqlite(order.location);
    case 'postgres':
      return besidePostgres(order);
    case 'mariadb':
      return besideMariadb(order);
    case 'file':
      throw new Error('A folder is no database.');
  }
}

function besideSqlite(path: string): Outside {
  const Database = Sqlite as unknown as new (path: string, options: object) => SqliteDatabase;
  const database = new Database(path, { timeout: 0 });
  const ask: Ask = async (sql) => database.prepare(sql).all();
  return {
    ...versionBy(ask, 'posthorn_', async (sql) => database.exec(sql)),
    countTables: async () =>
      (await ask(`select 1 from sqlite_master where type = 'table' and name like 'posthorn_%'`)).length,
    async isInTransaction() {
      try {
        database.exec('begin immediate');
        database.exec('rollback');
        return false;
      } catch {
        return true;
      }
    },
    close: async () => void database.close(),
  };
}

async function besidePostgres({ location, name }: StoreOrder): Promise<Outside> {
  const client = new pg.Client({ connectionString: location });
  await client.connect();
  const ask: Ask = async (sql, values) => (await client.query(sql, values)).rows as unknown[];
  return {
    ...versionBy(ask, `${name}.posthorn_`),
    countTables: async () =>
      (await ask('select 1 from information_schema.tables where table_schema = $1', [name])).length,
    isInTransaction: async (last) =>
      (
        await ask(
          `select 1 from pg_stat_activity where state = 'idle in transaction' and position($1 in query) > 0
           and position($2 in query) > 0`,
          [name, last.slice(0, 500)],
        )
      ).length > 0,
    close: () => client.end(),
  };
}

async function besideMariadb({ location, name }: StoreOrder): Promise<Outside> {
  const connection = await mysql.createConnection(location);
  const ask: Ask = async (sql, values) => (await connection.query(sql, values))[0] as unknown[];
  return {
    ...versionBy(ask, 'posthorn_'),
    countTables: async () =>
      (await ask('select 1 from information_schema.tables where table_schema = ?', [name])).length,
    isInTransaction: async () =>
      (
        await ask(
          `select 1 from information_schema.innodb_trx t join information_schema.processlist p on p.id = t.trx_mysql_thread_id
           where p.db = ? and p.id <> connection_id() and t.trx_rows_modified > 0`,
          [name],
        )
      ).length > 0,
    close: () => connection.end(),
  };
}

function versionBy(
  ask: Ask,
  prefix: string,
  run: (sql: string) => Promise<unknown> = ask,
): Pick<Outside, 'hasVersion' | 'forgetVersion'> {
  const where = `from ${prefix}settings where name = '${SCHEMA_VERSION_SETTING}'`;
  return {
    // Where the table is not there yet, neither is the version.
    hasVersion: () =>
      ask(`select value ${where}`).then(
        (rows) => rows.length > 0,
        () => false,
      ),
    forgetVersion: async () => void (await run(`delete ${where}`)),
  };
}
