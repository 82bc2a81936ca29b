/** Stores on real databases, for the conformance suite and for tests of dispatchers. Each is made once and emptied for each test after. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { sqlStore, type SqlStoreOptions } from '../../src/store/sql/create-sql-store.ts';
import { loadSqliteDriver } from '../../src/store/sql/sqlite/sqlite-driver.ts';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { TABLES } from '../../src/store/sql/tables.ts';
import type { Store } from '../../src/store/store.ts';
import type { CreateStore } from '../../src/testing/store-suite.ts';
import { askSetup, postgresUrl } from './ask-setup.ts';
import { mysqlServerUrl } from './database-servers.ts';

const SETUP_TIMEOUT_MS = 60_000;

/** One database of a test file. */
export interface TestPlace {
  /** Another store on it, not opened. */
  store(options?: SqlStoreOptions): Store;
  /** Runs SQL beside the stores, as an administrator would. */
  run(sql: string): Promise<void>;
  /** Full names of its tables begin with this. */
  readonly tables: string;
  /** Statements that make inserts into lanes fail, and that end this: as late in an append as can be. */
  readonly refuse: { readonly begin: readonly string[]; readonly end: readonly string[] };
  drop(): Promise<void>;
}

/** Makes the handles of a conformance suite, all on one database that is emptied in between. */
export function createHandles(makePlace: () => Promise<TestPlace>): CreateStore {
  let place: TestPlace;
  let isNew = true;
  // Starting a server, or one inside this process, may take its time.
  beforeAll(async () => {
    place = await makePlace();
  }, SETUP_TIMEOUT_MS);
  afterAll(() => place.drop());
  return async ({ clock }) => {
    if (!isNew) await empty(place);
    isNew = false;
    const store = place.store({ clock });
    return {
      store,
      second: async () => place.store({ clock }),
      failNextAppend: () => refuseNextAppend(place, store),
      close: async () => undefined,
    };
  };
}

async function empty({ run, tables }: TestPlace): Promise<void> {
  for (const table of TABLES)
    await run(
      `delete from ${tables}${table}${table === 'settings' ? ` where name not like 'sql.%' or name = 'sql.fan_out'` : ''}`,
    );
}

async function refuseNextAppend({ run, refuse }: TestPlace, store: Store): Promise<void> {
  for (const sql of refuse.begin) await run(sql);
  const append = store.append.bind(store);
  store.append = async (params) => {
    store.append = append;
    try {
      return await append(params);
    } finally {
      for (const sql of refuse.end) await run(sql);
    }
  };
}

/** A SQLite file. */
export async function sqlitePlace(
  options: SqlStoreOptions,
  openAdmin?: (path: string) => SqliteDatabase,
): Promise<TestPlace & { readonly path: string }> {
  if (options.worker === true) await askSetup('workerPort');
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-sqlite-'));
  const path = join(folder, 'webhooks.db');
  // The same driver as that of the stores: two copies of SQLite in one process corrupt a file.
  const open = openAdmin ?? (await loadSqliteDriver(options.driver));
  // Until somebody has made the tables, there is nothing to administrate.
  let admin: SqliteDatabase | undefined;
  return {
    path,
    store: (given) => sqlStore(path, { ...options, ...given }),
    run: async (sql) => {
      admin ??= open(path);
      admin.exec('pragma busy_timeout = 5000');
      admin.exec(sql);
    },
    tables: 'posthorn_',
    refuse: {
      begin: [
        `create trigger refuse before insert on posthorn_lanes begin select raise(abort, 'refused by a test'); end`,
      ],
      end: ['drop trigger refuse'],
    },
    drop: async () => {
      admin?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A schema of the PostgreSQL server that the environment names. */
export async function postgresPlace(): Promise<TestPlace> {
  const url = await postgresUrl();
  const schema = uniqueName();
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  return {
    store: (options) => sqlStore(url, { schema, ...options }),
    run: async (sql) => void (await admin.query(sql)),
    tables: `${schema}.posthorn_`,
    refuse: postgresRefusal(schema),
    drop: async () => {
      await admin.query(`drop schema if exists ${schema} cascade`);
      await admin.end();
    },
  };
}

/** Refuses inserts into the lanes of a schema of PostgreSQL. */
export function postgresRefusal(schema: string): TestPlace['refuse'] {
  return {
    begin: [
      `create function ${schema}.refuse() returns trigger language plpgsql as $$ begin raise exception 'refused by a test'; end $$`,
      `create trigger refuse before insert on ${schema}.posthorn_lanes for each row execute function ${schema}.refuse()`,
    ],
    end: [`drop trigger refuse on ${schema}.posthorn_lanes`, `drop function ${schema}.refuse()`],
  };
}

/** PGlite: all stores on the same instance. */
export async function pglitePlace(): Promise<TestPlace> {
  const pglite = new PGlite();
  await pglite.exec('create schema posthorn_test');
  return {
    store: (options) => sqlStore(pglite, { schema: 'posthorn_test', ...options }),
    run: async (sql) => void (await pglite.exec(sql)),
    tables: 'posthorn_test.posthorn_',
    refuse: postgresRefusal('posthorn_test'),
    drop: () => pglite.close(),
  };
}

/** PostgreSQL through a pool of Kysely, whose plugins rename columns for the application. */
export async function kyselyPlace(): Promise<TestPlace> {
  const place = await postgresPlace();
  const pool = new pg.Pool({ connectionString: await postgresUrl() });
  const kysely = new Kysely({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
  const schema = place.tables.slice(0, place.tables.indexOf('.'));
  return {
    ...place,
    store: (options) => sqlStore(kysely, { schema, pollIntervalMs: 50, ...options }),
    drop: async () => {
      await kysely.destroy();
      await place.drop();
    },
  };
}

/** A database of the MySQL or MariaDB server that the environment names. */
export async function mysqlPlace(): Promise<TestPlace & { readonly url: string }> {
  const url = new URL(mysqlServerUrl()!);
  const database = uniqueName();
  const admin = await mysql.createConnection(url.href);
  await admin.query(`create database ${database}`);
  await admin.query(`use ${database}`);
  url.pathname = database;
  return {
    url: url.href,
    store: (options) => sqlStore(url.href, options),
    run: async (sql) => void (await admin.query(sql)),
    tables: 'posthorn_',
    refuse: {
      begin: [
        `create trigger refuse before insert on posthorn_lanes for each row signal sqlstate '45000' set message_text = 'refused by a test'`,
      ],
      end: ['drop trigger refuse'],
    },
    drop: async () => {
      await admin.query(`drop database ${database}`);
      await admin.end();
    },
  };
}

/** Names of databases and schemas of tests all begin alike: what is left of a run that was killed can be told and removed. */
export const uniqueName = (): string => `posthorn_test_${randomUUID().replaceAll('-', '')}`;
