/** Applications with transactions of their own, by every kind of driver that answers with promises. */
import Libsql from 'libsql';
import { CompiledQuery, type Dialect, Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely';
import mysql, { type Connection } from 'mysql2/promise';
import mysqlCallbacks from 'mysql2';
import pg from 'pg';
import type { TransactionOptions } from '../../src/outbox.ts';
import type { DatabaseKind, StoreLocation } from './open-store.ts';

type Parameters = readonly (string | number | null)[];

/** A transaction that is open. */
export interface ApplicationTransaction {
  /** What `emit` takes. */
  readonly transaction: TransactionOptions['transaction'];
  /** Writes a row of the application itself. */
  insertOrder(name: string): Promise<void>;
}

/** An application with a table `orders`, on the database of a store. */
export interface Application extends AsyncDisposable {
  /** Commits when the work resolves, rolls back when it rejects. */
  transaction<T>(work: (transaction: ApplicationTransaction) => Promise<T>): Promise<T>;
  /** Names in the table of the application, in order. */
  orders(): Promise<readonly string[]>;
}

/** A way of doing it, by name. */
export interface Caller {
  readonly name: CallerName;
  readonly kind: DatabaseKind;
}

export type CallerName = keyof typeof OPENERS;

const OPENERS = {
  pg: openPg,
  'Kysely on PostgreSQL': (location: StoreLocation) => openKysely(postgresDialect(location), location),
  'the shape of Prisma on PostgreSQL': openPrismaOnPg,
  mysql2: openMysql,
  'Kysely on MySQL': (location: StoreLocation) => openKysely(mysqlDialect(location), location),
  'the shape of Prisma on MySQL': openPrismaOnMysql,
  'libsql behind promises': openLibsql,
  'Kysely on SQLite': (location: StoreLocation) => openKysely(sqliteDialect(location), location),
};

const KINDS: Readonly<Record<CallerName, DatabaseKind>> = {
  pg: 'postgres',
  'Kysely on PostgreSQL': 'postgres',
  'the shape of Prisma on PostgreSQL': 'postgres',
  mysql2: 'mariadb',
  'Kysely on MySQL': 'mariadb',
  'the shape of Prisma on MySQL': 'mariadb',
  'libsql behind promises': 'sqlite',
  'Kysely on SQLite': 'sqlite',
};

/** Every way on databases of these kinds. */
export function callersOn(kinds: readonly DatabaseKind[]): readonly Caller[] {
  const all = Object.entries(KINDS) as [CallerName, DatabaseKind][];
  return all.map(([name, kind]) => ({ name, kind })).filter(({ kind }) => kinds.includes(kind));
}

/** Connects, and makes the table of the application. */
export async function openApplication(name: CallerName, location: StoreLocation): Promise<Application> {
  return OPENERS[name](location);
}

/** How a driver runs statements. */
type Run = (sql: string, parameters?: Parameters) => Promise<readonly unknown[]>;

const createOrders = (table: string): string =>
  `create table if not exists ${table} (name varchar(100) not null)`;
const insertOrder = (table: string, place: string): string => `insert into ${table} (name) values (${place})`;
const selectOrders = (table: string): string => `select name from ${table} order by name`;

function tableOf({ schema }: StoreLocation): string {
  return schema === undefined ? 'orders' : `${schema}.orders`;
}

const placeOf = ({ kind }: StoreLocation): string => (kind === 'postgres' ? '$1' : '?');

/** An application on one connection, with transactions by begin, commit and rollback. */
async function onConnection(
  location: StoreLocation,
  connection: {
    readonly run: Run;
    readonly begin?: string;
    /** What is given to `emit`. */
    readonly transaction: TransactionOptions['transaction'];
    close(): Promise<unknown>;
  },
): Promise<Application> {
  const { run, transaction, begin = 'begin' } = connection;
  const table = tableOf(location);
  await run(createOrders(table));
  return {
    async transaction(work) {
      await run(begin);
      try {
        const result = await work({
          transaction,
          insertOrder: async (name) => void (await run(insertOrder(table, placeOf(location)), [name])),
        });
        await run('commit');
        return result;
      } catch (error) {
        await run('rollback');
        throw error;
      }
    },
    orders: async () => namesOf(await run(selectOrders(table))),
    async [Symbol.asyncDispose]() {
      await connection.close();
    },
  };
}

const namesOf = (rows: readonly unknown[]): readonly string[] =>
  (rows as readonly { readonly name: string }[]).map(({ name }) => name);

async function connectPg({ url }: StoreLocation): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function openPg(location: StoreLocation): Promise<Application> {
  const client = await connectPg(location);
  const query = (sql: string, parameters: Parameters = []): Promise<pg.QueryResult> =>
    client.query(sql, [...parameters]);
  return onConnection(location, {
    run: async (sql, parameters) => (await query(sql, parameters)).rows as unknown[],
    transaction: query,
    close: () => client.end(),
  });
}

const VOID_TYPE = 2278;

/** Parameters are spread, the answer is the rows, and a column without a value type cannot be read. */
async function openPrismaOnPg(location: StoreLocation): Promise<Application> {
  const client = await connectPg(location);
  const prisma = {
    async $queryRawUnsafe(sql: string, ...parameters: unknown[]): Promise<unknown[]> {
      const { rows, fields } = await client.query(sql, parameters);
      if (fields.some(({ dataTypeID }) => dataTypeID === VOID_TYPE))
        throw new Error("Failed to deserialize column of type 'void'.");
      return rows as unknown[];
    },
  };
  return onConnection(location, {
    run: (sql, parameters = []) => prisma.$queryRawUnsafe(sql, ...parameters),
    transaction: (sql, parameters) => prisma.$queryRawUnsafe(sql, ...parameters),
    close: () => client.end(),
  });
}

async function openMysql(location: StoreLocation): Promise<Application> {
  const connection = await mysql.createConnection(location.url);
  return onConnection(location, {
    run: runOnMysql(connection),
    transaction: (sql, parameters) => connection.execute(sql, parameters),
    close: () => connection.end(),
  });
}

async function openPrismaOnMysql(location: StoreLocation): Promise<Application> {
  const connection = await mysql.createConnection(location.url);
  const run = runOnMysql(connection);
  const prisma = { $queryRawUnsafe: (sql: string, ...parameters: Parameters) => run(sql, parameters) };
  return onConnection(location, {
    run: (sql, parameters = []) => prisma.$queryRawUnsafe(sql, ...parameters),
    transaction: (sql, parameters) => prisma.$queryRawUnsafe(sql, ...parameters),
    close: () => connection.end(),
  });
}

function runOnMysql(connection: Connection): Run {
  return async (sql, parameters = []) => {
    const [rows] = await connection.query(sql, [...parameters]);
    return Array.isArray(rows) ? rows : [];
  };
}

/** A connection of an application that waits its turn; in WAL mode, as the store has made the file already. */
function openSqlite({ url }: StoreLocation): Libsql.Database {
  const database = new Libsql(url);
  database.exec('pragma busy_timeout = 10000');
  return database;
}

async function openLibsql(location: StoreLocation): Promise<Application> {
  const database = openSqlite(location);
  const run: Run = async (sql, parameters = []) => {
    const statement = database.prepare(sql);
    if (statement.reader) return statement.all([...parameters]);
    statement.run([...parameters]);
    return [];
  };
  return onConnection(location, {
    run,
    begin: 'begin immediate',
    transaction: run,
    close: async () => database.close(),
  });
}

const postgresDialect = ({ url }: StoreLocation): Dialect =>
  new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 2 }) });
const mysqlDialect = ({ url }: StoreLocation): Dialect =>
  new MysqlDialect({ pool: mysqlCallbacks.createPool({ uri: url, connectionLimit: 2 }) });
const sqliteDialect = (location: StoreLocation): Dialect =>
  new SqliteDialect({ database: openSqlite(location) });

async function openKysely(dialect: Dialect, location: StoreLocation): Promise<Application> {
  const db = new Kysely<Record<string, never>>({ dialect });
  const table = tableOf(location);
  const run = (executor: Kysely<Record<string, never>>, sql: string, parameters: Parameters = []) =>
    executor.executeQuery(CompiledQuery.raw(sql, [...parameters]));
  await run(db, createOrders(table));
  return {
    transaction: (work) =>
      db.transaction().execute((transaction) =>
        work({
          transaction,
          insertOrder: async (name) =>
            void (await run(transaction, insertOrder(table, placeOf(location)), [name])),
        }),
      ),
    orders: async () => namesOf((await run(db, selectOrders(table))).rows),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}
