/** The builder of queries that depend on their parameters. What imports it loads Kysely, which a process that leaves the work to a thread does not need. */
import {
  type AliasedRawBuilder,
  DummyDriver,
  Kysely,
  MysqlQueryCompiler,
  PostgresQueryCompiler,
  sql,
  SqliteAdapter,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from './database.ts';
import type { DialectName } from './dialect.ts';
import type { TableNames, Tables } from './tables.ts';

const COMPILERS = {
  sqlite: SqliteQueryCompiler,
  postgres: PostgresQueryCompiler,
  mysql: MysqlQueryCompiler,
} as const satisfies Readonly<Record<DialectName, unknown>>;

const builders = new WeakMap<Database, Kysely<Tables>>();

/** Builds queries for a database; it compiles and never executes. */
export function queryBuilder(db: Database): Kysely<Tables> {
  let builder = builders.get(db);
  if (builder === undefined) {
    builder = createBuilder(db.dialect.name);
    builders.set(db, builder);
  }
  return builder;
}

function createBuilder(dialect: DialectName): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: () => {
        throw new TypeError('This query builder is not connected.');
      },
      createQueryCompiler: () => new COMPILERS[dialect](),
    },
  });
}

/** A table under an alias. */
export function tableAs<K extends keyof Tables, A extends string>(
  names: TableNames,
  table: K,
  alias: A,
): AliasedRawBuilder<Tables[K], A> {
  return sql<Tables[K]>`${sql.table(names[table])}`.as(alias);
}
