/** Of several processes one migrates, and the others wait: those of other releases, too, so that the lock has the same name in all. */
import mysql, { type Connection } from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { sqlStore } from '../../../src/store/sql/index.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { createPostgresDatabase, needPostgres } from '../../support/postgres-database.ts';
import { mysqlPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';
import { until } from '../../support/world.ts';

/** Somebody who has a connection to the database, and may take the lock of a migration. */
interface Holder extends AsyncDisposable {
  readonly url: string;
  lock(): Promise<void>;
  unlock(): Promise<void>;
  hasWaiter(): Promise<boolean>;
  hasTables(): Promise<boolean>;
}

const NAME = 'posthorn_migration::posthorn_';

async function holdOnPostgres(): Promise<Holder> {
  const database = await createPostgresDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const key = `hashtextextended('${NAME}', 0)`;
  const finds = async (sql: string): Promise<boolean> => (await client.query(sql)).rows.length > 0;
  return {
    url: database.url,
    lock: async () => void (await client.query(`select pg_advisory_lock(${key})`)),
    unlock: async () => void (await client.query(`select pg_advisory_unlock(${key})`)),
    hasWaiter: () =>
      finds(`select 1 from pg_locks where locktype = 'advisory' and not granted and database = (
        select oid from pg_database where datname = current_database())`),
    hasTables: () => finds(`select 1 from pg_tables where tablename like 'posthorn_%'`),
    async [Symbol.asyncDispose]() {
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function holdOnMariadb(): Promise<Holder> {
  const place = await mysqlPlace();
  const connection: Connection = await mysql.createConnection(place.url);
  const key = `concat(left(database(), 20), ':', md5(concat(database(), '${NAME}')))`;
  const finds = async (sql: string): Promise<boolean> => {
    const [rows] = await connection.query(sql);
    return (rows as unknown[]).length > 0;
  };
  return {
    url: place.url,
    lock: async () => void (await connection.query(`select get_lock(${key}, 0)`)),
    unlock: async () => void (await connection.query(`select release_lock(${key})`)),
    hasWaiter: () =>
      finds(`select 1 from information_schema.processlist where db = database() and state = 'User lock'`),
    hasTables: () => finds('select 1 from information_schema.tables where table_schema = database()'),
    async [Symbol.asyncDispose]() {
      await connection.end();
      await place.drop();
    },
  };
}

needPostgres();

const KINDS = [
  { name: 'PostgreSQL', hold: holdOnPostgres },
  ...(storeSuites().mariadb.missing === undefined ? [{ name: 'MariaDB', hold: holdOnMariadb }] : []),
];

describe.each(KINDS)('the tables on $name', ({ hold }) => {
  it('are made by one process, while the others wait for it', async () => {
    await using holder = await hold();
    await holder.lock();
    const clock = createManualClock();
    const store = sqlStore(holder.url);
    const opening = store.open({ clock });
    await until(() => holder.hasWaiter(), 'the store waits for the lock', 20_000);
    expect(await holder.hasTables()).toBe(false);
    await holder.unlock();
    await opening;
    expect(await store.settings.get({ key: 'switch' })).toBeUndefined();
    await store.close();
  });

  it('are looked at without waiting, once they are there', async () => {
    await using holder = await hold();
    const clock = createManualClock();
    const first = sqlStore(holder.url);
    await first.open({ clock });
    await first.close();
    await holder.lock();
    const second = sqlStore(holder.url);
    await second.open({ clock });
    await second.close();
    await holder.unlock();
  });
});
