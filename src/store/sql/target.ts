import { unexpected } from '../../core/expect-value.ts';
import { OptionsError } from '../../errors.ts';
import type { Backend } from './backend.ts';
import { expectDialectName, findDialectName } from './dialect-name.ts';
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
import { refuseUnused, type TargetOptions } from './target-options.ts';
import { EXPECTED_TARGET, readTargetUrl, type TargetPlace } from './target-url.ts';

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

/** Connections of a pool that the store makes. */
const CONNECTIONS = 5;
/** A commit is on the disk. */
const SYNCHRONOUS = 'full';

/**
 * Tells what the store was given. Nothing is loaded or opened yet.
 *
 * @throws OptionsError for what is none of them, and for an option that the target has no use for
 */
export function toBackend(target: unknown, options: TargetOptions): Backend {
  if (typeof target === 'string') return fromPlace(readTargetUrl(target), options);
  if (target instanceof URL) return fromPlace(readTargetUrl(target.href), options);
  if (target === undefined)
    throw new OptionsError(
      'target',
      `target: expected ${EXPECTED_TARGET}, got undefined. Is an environment variable missing?`,
    );
  if (typeof target !== 'object' || target === null) throw unexpected('target', EXPECTED_TARGET, target);
  if (has(target, 'transaction', 'listen', 'query')) {
    refuseUnused(options, []);
    return createPgliteBackend(target as Pglite);
  }
  if (has(target, 'prepare', 'exec')) {
    refuseUnused(options, ['worker', 'synchronous']);
    const { worker, synchronous = SYNCHRONOUS } = options;
    return createGivenSqliteBackend(target as SqliteDatabase, { worker, synchronous });
  }
  const backend = fromClient(target);
  refuseUnused(options, ['callTimeoutMs']);
  return backend;
}

function fromPlace(place: TargetPlace, options: TargetOptions): Backend {
  const { connections = CONNECTIONS, driver, synchronous = SYNCHRONOUS, worker } = options;
  if (place.kind === 'sqlite') {
    const { path } = place;
    refuseUnused(options, ['driver', 'worker', 'synchronous']);
    if (path === ':memory:') return createSqliteMemoryBackend(undefined, driver);
    return createSqliteFileBackend({ path, driver, synchronous, worker, given: undefined });
  }
  refuseUnused(options, ['connections', 'callTimeoutMs']);
  const { kind, url } = place;
  return kind === 'postgres'
    ? createPgBackend({ url, connections })
    : createMysqlBackend({ url, connections });
}

/** What the application works with a server by. */
function fromClient(target: object): Backend {
  if (isInstance(target) || isDialect(target)) return fromKysely(target, undefined);
  if ('dialect' in target && 'sql' in target) return fromNamed(target as SqlDialectTarget);
  if (isPoolCluster(target))
    throw new OptionsError(
      'target',
      'target: expected a pool of one server, got a PoolCluster of mysql2. Make a pool for the server that takes the writes: createPool({ … }).',
    );
  if (has(target, 'getConnection')) return createMysqlBackend({ pool: toPromisePool(target) });
  if (has(target, 'connect', 'query') && 'totalCount' in target)
    return createPgBackend({ pool: target as unknown as PgPool });
  if (has(target, 'query'))
    throw new OptionsError(
      'target',
      'target: expected a pool, got a single connection. The store works on several things at once: give it a Pool.',
    );
  throw unexpected('target', EXPECTED_TARGET, target);
}

function has(target: object, ...names: string[]): boolean {
  return names.every((name) => typeof (target as Record<string, unknown>)[name] === 'function');
}

/** Also what `of` of a cluster answers with: it is made of several pools, too, and has no end of its own. */
function isPoolCluster(target: object): boolean {
  return (
    has(target, 'getConnection') && (has(target, 'of') || !(has(target, 'end') || has(target, 'promise')))
  );
}

/** Pools of the callback API have one with promises beside them. */
function toPromisePool(pool: object): MysqlPool {
  const { promise } = pool as Partial<MysqlCallbackPool>;
  return typeof promise === 'function' ? promise.call(pool) : (pool as MysqlPool);
}

function fromNamed({ dialect, sql }: SqlDialectTarget): Backend {
  const name = expectDialectName(sql, 'target.sql');
  if (typeof dialect !== 'object' || dialect === null || !(isInstance(dialect) || isDialect(dialect)))
    throw unexpected('target.dialect', 'an instance or a dialect of Kysely', dialect);
  return fromKysely(dialect, name);
}

function isInstance(target: object): target is KyselyInstance {
  return has(target, 'withoutPlugins', 'executeQuery', 'getExecutor');
}

function isDialect(target: object): target is KyselyDialect {
  return has(target, 'createDriver', 'createAdapter', 'createQueryCompiler');
}

function fromKysely(target: KyselyInstance | KyselyDialect, given: DialectName | undefined): Backend {
  const adapter: object = isDialect(target)
    ? target.createAdapter()
    : (target as unknown as { getExecutor(): { readonly adapter: object } }).getExecutor().adapter;
  // Kysely's own adapters, which dialects of others derive from, or name theirs alike.
  const sql = given ?? findDialectName(adapter.constructor.name);
  if (sql === undefined)
    throw new OptionsError(
      'target',
      `target: cannot tell which database this Kysely dialect speaks to. Give the store { dialect, sql: 'sqlite' | 'postgres' | 'mysql' }.`,
    );
  return createKyselyBackend(isDialect(target) ? { dialect: target } : { instance: target }, sql);
}
