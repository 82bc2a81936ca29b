import { fileURLToPath } from 'node:url';
import { unexpected, unexpectedWord } from '../../core/expect-value.ts';
import { OptionsError } from '../../errors.ts';
import type { Backend } from './backend.ts';
import type { DialectName } from './dialect.ts';
import { createKyselyBackend } from './kysely/kysely-backend.ts';
import type { KyselyDialect, KyselyInstance } from './kysely/kysely-runner.ts';
import { createMysqlBackend } from './mysql/mysql-backend.ts';
import type { MysqlCallbackPool, MysqlPool } from './mysql/mysql-sessions.ts';
import { createPgliteBackend } from './pglite/pglite-backend.ts';
import type { Pglite } from './pglite/pglite-runner.ts';
import { createPgBackend } from './postgres/pg-backend.ts';
import type { PgPool } from './postgres/pg-sessions.ts';
import { createGivenSqliteBackend } from './sqlite/given-sqlite.ts';
import { createSqliteFileBackend, createSqliteMemoryBackend } from './sqlite/sqlite-backend.ts';
import type { SqliteDatabase } from './sqlite/sqlite-connection.ts';
import type { Synchronous } from './sqlite/open-sqlite.ts';
import type { SqliteDriverName } from './sqlite/sqlite-driver.ts';

/** What `sqlStore` takes: a place to connect to, or what the application works with already. */
export type SqlTarget =
  | string
  | URL
  | SqliteDatabase
  | PgPool
  | MysqlPool
  | MysqlCallbackPool
  | Pglite
  | KyselyInstance
  | KyselyDialect
  | SqlDialectTarget;

/** An instance of Kysely, or a dialect, with the database it speaks to, where that cannot be told from it. */
export interface SqlDialectTarget {
  readonly dialect: KyselyInstance | KyselyDialect;
  readonly sql: DialectName;
}

/** Options that only some targets have use for. */
export interface TargetOptions {
  readonly worker: boolean | undefined;
  readonly synchronous: Synchronous;
  readonly driver: SqliteDriverName | undefined;
  readonly connections: number;
}

const EXPECTED =
  'a file path, a postgres:// or mysql:// URL, a pool of pg or mysql2, a database of better-sqlite3, libsql or node:sqlite, PGlite, or Kysely';
const SQL_NAMES: readonly DialectName[] = ['sqlite', 'postgres', 'mysql'];

/**
 * Tells what the store was given. Nothing is loaded or opened yet.
 *
 * @throws OptionsError for what is none of them
 */
export function toBackend(target: unknown, options: TargetOptions): Backend {
  if (typeof target === 'string') return fromText(target, options);
  if (target instanceof URL) return fromText(target.href, options);
  if (typeof target !== 'object' || target === null) throw unexpected('target', EXPECTED, target);
  if (options.driver !== undefined)
    throw unexpected('driver', 'nothing: a database that is given says which driver it has', options.driver);
  const has = (...names: string[]): boolean =>
    names.every((name) => typeof (target as Record<string, unknown>)[name] === 'function');
  if (has('withoutPlugins', 'executeQuery')) return fromKysely(target as KyselyInstance, undefined);
  if (has('createDriver', 'createAdapter', 'createQueryCompiler'))
    return fromKysely(target as KyselyDialect, undefined);
  if ('dialect' in target && 'sql' in target) return fromNamed(target as SqlDialectTarget);
  if (has('transaction', 'listen', 'query')) return createPgliteBackend(target as Pglite);
  if (has('getConnection')) return createMysqlBackend({ pool: toPromisePool(target) });
  if (has('prepare', 'exec')) return createGivenSqliteBackend(target as SqliteDatabase, options);
  if (has('connect', 'query') && 'totalCount' in target)
    return createPgBackend({ pool: target as unknown as PgPool });
  if (has('query'))
    throw new OptionsError(
      'target',
      'target: expected a pool, got a single connection. The store works on several things at once: give it a Pool.',
    );
  throw unexpected('target', EXPECTED, target);
}

function fromText(text: string, options: TargetOptions): Backend {
  const { connections, driver, synchronous, worker } = options;
  if (/^postgres(ql)?:\/\//.test(text)) return createPgBackend({ url: text, connections });
  if (/^(mysql|mariadb):\/\//.test(text)) return createMysqlBackend({ url: text, connections });
  const path = toPath(text);
  if (path === ':memory:') return createSqliteMemoryBackend(undefined, driver);
  return createSqliteFileBackend({ path, driver, synchronous, worker, given: undefined });
}

function toPath(text: string): string {
  if (text.startsWith('file://')) return fileURLToPath(text);
  const path = text.replace(/^(sqlite:(\/\/)?|file:)/, '');
  if (path === '') throw unexpected('target', EXPECTED, text);
  // Nothing of it is shown: it may hold a password.
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path))
    throw new OptionsError(
      'target',
      `target: expected ${EXPECTED}, got a URL of another scheme: ${path.split(':')[0]}.`,
    );
  return path;
}

/** Pools of the callback API have one with promises beside them. */
function toPromisePool(pool: object): MysqlPool {
  const { promise } = pool as Partial<MysqlCallbackPool>;
  return typeof promise === 'function' ? promise.call(pool) : (pool as MysqlPool);
}

function fromNamed({ dialect, sql }: SqlDialectTarget): Backend {
  if (!SQL_NAMES.includes(sql)) throw unexpectedWord('target.sql', 'a database', SQL_NAMES, sql);
  if (typeof dialect !== 'object' || dialect === null)
    throw unexpected('target.dialect', 'an instance or a dialect of Kysely', dialect);
  return fromKysely(dialect, sql);
}

function fromKysely(target: KyselyInstance | KyselyDialect, given: DialectName | undefined): Backend {
  const isDialect = 'createDriver' in target;
  const adapter: object = isDialect
    ? target.createAdapter()
    : (target as unknown as { getExecutor(): { readonly adapter: object } }).getExecutor().adapter;
  const sql = given ?? sqlOf(adapter.constructor.name);
  if (sql === undefined)
    throw new OptionsError(
      'target',
      `target: cannot tell which database this Kysely dialect speaks to. Give the store { dialect, sql: 'sqlite' | 'postgres' | 'mysql' }.`,
    );
  return createKyselyBackend(isDialect ? { dialect: target } : { instance: target }, sql);
}

/** By the names of Kysely's own adapters, which dialects of others derive from, or name theirs alike. */
function sqlOf(adapterName: string): DialectName | undefined {
  return SQL_NAMES.find((name) => adapterName.toLowerCase().includes(name));
}
