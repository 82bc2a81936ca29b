import Libsql from 'libsql';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll } from 'vitest';
import { Database } from '../../src/store/sql/database.ts';
import type { Dialect } from '../../src/store/sql/dialect.ts';
import { mysqlDialect } from '../../src/store/sql/mysql/mysql-dialect.ts';
import { MysqlSessions } from '../../src/store/sql/mysql/mysql-sessions.ts';
import { OperationRunner } from '../../src/store/sql/operation-runner.ts';
import { PgSessions } from '../../src/store/sql/postgres/pg-sessions.ts';
import { postgresDialect } from '../../src/store/sql/postgres/postgres-dialect.ts';
import type { Runner } from '../../src/store/sql/runner.ts';
import { migrate } from '../../src/store/sql/schema/migrate.ts';
import type { Script } from '../../src/store/sql/script.ts';
import type { ScriptRunner } from '../../src/store/sql/script-runner.ts';
import type { SessionSource } from '../../src/store/sql/session.ts';
import { SessionRunner } from '../../src/store/sql/session-runner.ts';
import { SqliteConnection } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { sqliteDialect } from '../../src/store/sql/sqlite/sqlite-dialect.ts';
import { SqliteGroupRunner } from '../../src/store/sql/sqlite/sqlite-group-runner.ts';
import { TABLES } from '../../src/store/sql/tables.ts';
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.ts';
import { postgresUrl } from './ask-setup.ts';
import { mysqlServerUrl } from './database-servers.ts';
import { uniqueName } from './sql-stores.ts';

/** An empty database with the tables of the store, and what a test of an operation needs of it. */
export interface TestDatabase extends Runner {
  readonly db: Database;
  /** `db.now()` reads it. */
  readonly clock: ManualClock;
  /** Where its connections come from; `undefined` where all share one. */
  readonly sessions: SessionSource | undefined;
  /** Runs a script of the test, in one transaction. */
  run<T>(begin: (db: Database) => Script<T>): Promise<T>;
}

/** A kind of database that this run can reach. */
export interface TestDatabaseKind {
  readonly name: 'libsql' | 'postgres' | 'mariadb';
  create(): Promise<TestDatabase>;
}

/** A database with tables, and how to be rid of it. */
interface Prepared {
  readonly dialect: Dialect;
  readonly schema?: string;
  readonly scripts: ScriptRunner;
  readonly sessions?: SessionSource;
  drop(): Promise<unknown>;
}

const PREFIX = 'posthorn_';
const TIMEOUT_MS = 30_000;

/**
 * The kinds of databases that this run can reach, for `describe.each(sqlDatabases())('… on $name', ({ create }) => …)`.
 * MariaDB only where the environment names a server. To be called once in a test file.
 */
export function sqlDatabases(): readonly TestDatabaseKind[] {
  const mariadb = mysqlServerUrl();
  return [
    { name: 'libsql', create: createFrom(prepareLibsql) },
    { name: 'postgres', create: createFrom(preparePostgres) },
    ...(mariadb === undefined
      ? []
      : [{ name: 'mariadb' as const, create: createFrom(() => prepareMariadb(mariadb)) }]),
  ];
}

/** Makes tables once and empties them for each test after: on servers that is five times as fast. */
function createFrom(prepare: () => Promise<Prepared>): () => Promise<TestDatabase> {
  const all: Prepared[] = [];
  const idle: Prepared[] = [];
  afterAll(async () => {
    await Promise.all(all.map((prepared) => prepared.drop()));
  });
  return async () => {
    let prepared = idle.pop();
    if (prepared === undefined) {
      prepared = await prepare();
      all.push(prepared);
      await makeTables(prepared);
    } else {
      await empty(prepared);
    }
    const used = prepared;
    return open(used, () => void idle.push(used));
  };
}

function open({ dialect, schema, scripts, sessions }: Prepared, release: () => void): TestDatabase {
  const clock = createManualClock();
  const db = new Database({ dialect, prefix: PREFIX, schema, now: () => clock.now() });
  const runner = new OperationRunner(db, scripts);
  return {
    db,
    clock,
    sessions,
    call: (name, params) => runner.call(name, params),
    run: (begin) => scripts.run(true, () => begin(db)),
    close: async () => release(),
  };
}

async function makeTables({ dialect, schema, scripts }: Prepared): Promise<void> {
  await migrate(scripts, { dialect: dialect.name, prefix: PREFIX, schema, autoMigrate: true });
}

async function empty({ dialect, schema, scripts }: Prepared): Promise<void> {
  const { names } = new Database({ dialect, prefix: PREFIX, schema });
  await scripts.run(true, function* () {
    for (const table of TABLES) {
      const where = table === 'settings' ? ` where name not like 'sql.%' or name = 'sql.fan_out'` : '';
      yield { sql: `delete from ${names[table]}${where}`, parameters: [], isFixed: false };
    }
    const sql = `update ${names.settings} set value = '0' where name = 'sql.changes'`;
    yield { sql, parameters: [], isFixed: false };
  });
}

async function prepareLibsql(): Promise<Prepared> {
  const scripts = new SqliteGroupRunner(new SqliteConnection(new Libsql(':memory:')));
  return { dialect: sqliteDialect, scripts, drop: () => scripts.close() };
}

async function preparePostgres(): Promise<Prepared> {
  const url = await postgresUrl();
  const schema = uniqueName();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const drop = async (): Promise<void> => {
    await pool.query(`drop schema ${schema} cascade`);
    await pool.end();
  };
  const sessions = new PgSessions(pool, true, TIMEOUT_MS);
  return {
    dialect: postgresDialect,
    schema,
    scripts: new SessionRunner({ source: sessions, timeoutMs: TIMEOUT_MS }),
    sessions,
    drop,
  };
}

async function prepareMariadb(url: string): Promise<Prepared> {
  const database = uniqueName();
  const admin = await mysql.createConnection(url);
  await admin.query(`create database ${database}`);
  const pool = mysql.createPool({ uri: url, database, connectionLimit: 4 });
  const drop = async (): Promise<void> => {
    await pool.end();
    await admin.query(`drop database ${database}`);
    await admin.end();
  };
  const sessions = new MysqlSessions(pool, true, TIMEOUT_MS);
  return {
    dialect: mysqlDialect,
    scripts: new SessionRunner({ source: sessions, timeoutMs: TIMEOUT_MS }),
    sessions,
    drop,
  };
}
