/** What `sqlStore` takes, as the packages type it. */
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import mysqlCallback from 'mysql2';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { Store } from 'posthorn';
import { sqlSchema, sqlStore, type SqlStoreOptions } from 'posthorn/sql';
import { describe, expectTypeOf, it } from 'vitest';

interface OwnTables {
  readonly users: { readonly id: string };
}

describe('sqlStore', () => {
  it('takes what the packages make', () => {
    expectTypeOf(sqlStore('./webhooks.db')).toEqualTypeOf<Store>();
    sqlStore(new URL('postgres://localhost/app'));
    sqlStore(new pg.Pool());
    sqlStore(mysql.createPool('mysql://localhost/app'));
    sqlStore(mysqlCallback.createPool('mysql://localhost/app'));
    sqlStore(new Libsql('./webhooks.db'));
    sqlStore(new PGlite());
    sqlStore(new Kysely<OwnTables>({ dialect: new PostgresDialect({ pool: new pg.Pool() }) }));
    sqlStore(new SqliteDialect({ database: async () => Promise.reject(new Error('never opened')) }));
    sqlStore({ dialect: new PostgresDialect({ pool: new pg.Pool() }), sql: 'postgres' });
  });

  it('refuses what is no database, and options of others', () => {
    // @ts-expect-error: a number is no place
    sqlStore(5432);
    // @ts-expect-error: a client is one connection, the store needs several
    sqlStore(new pg.Client());
    // @ts-expect-error: no such setting
    sqlStore('./webhooks.db', { synchronous: 'off' });
    // @ts-expect-error: no such dialect
    sqlSchema('oracle');
    expectTypeOf<SqlStoreOptions['prefix']>().toEqualTypeOf<string | undefined>();
  });
});
