import type { Backend, Connection, ConnectParams } from '../backend.ts';
import { connectScripts } from '../connect-scripts.ts';
import { LimitedRunner } from '../limited-runner.ts';
import { loadPackage } from '../load-package.ts';
import { RetryingRunner } from '../retrying-runner.ts';
import { SessionRunner } from '../session-runner.ts';
import { mysqlDialect } from './mysql-dialect.ts';
import { type MysqlPool, MysqlSessions } from './mysql-sessions.ts';
import { withPacketLimit } from './packet-limit.ts';

/** A migration may have to wait for others, and to build indexes. */
const MIGRATION_TIMEOUT_MS = 600_000;

/** A pool of `mysql2`, or where to connect one of our own. */
export type MysqlTarget =
  { readonly pool: MysqlPool } | { readonly url: string; readonly connections: number };

/** MySQL and MariaDB, by the package `mysql2`. They cannot notify: others are heard of by looking. */
export function createMysqlBackend(target: MysqlTarget): Backend {
  return {
    name: 'mysql',
    dialect: mysqlDialect,
    isDurable: true,
    isShared: true,
    isNotified: false,
    connect: async (params) => {
      if ('pool' in target) return connectPool(target.pool, false, params);
      return connectPool(await createPool(target, params), true, params);
    },
  };
}

async function connectPool(pool: MysqlPool, isOwn: boolean, params: ConnectParams): Promise<Connection> {
  const source = new MysqlSessions(pool, isOwn, params.timeoutMs);
  const scripts = new RetryingRunner(new SessionRunner({ source, timeoutMs: params.timeoutMs }));
  const operations = await connectScripts({
    dialect: mysqlDialect,
    ...withPacketLimit(scripts, { isEscaped: false }),
    migrations: new RetryingRunner(
      new SessionRunner({ source, timeoutMs: MIGRATION_TIMEOUT_MS, acquireTimeoutMs: params.timeoutMs }),
    ),
    connect: params,
  });
  const runner = new LimitedRunner(operations);
  return { runner, close: () => runner.close() };
}

async function createPool(
  { url, connections }: { readonly url: string; readonly connections: number },
  { timeoutMs }: ConnectParams,
): Promise<MysqlPool> {
  const mysql = (await loadPackage('mysql2/promise')) as {
    createPool(options: object): MysqlPool;
  };
  return mysql.createPool({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    connectionLimit: connections,
    charset: 'utf8mb4',
    // Not longer than the call that it is for: an attempt that hangs takes the place of one that would not.
    connectTimeout: Math.min(10_000, timeoutMs),
    enableKeepAlive: true,
  });
}
