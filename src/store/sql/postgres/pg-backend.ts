import { createSystemRandom, systemClock } from '../../../clock.ts';
import { createToken } from '../../../core/id.ts';
import type { Backend, Connection, ConnectParams } from '../backend.ts';
import { connectScripts } from '../connect-scripts.ts';
import { LimitedRunner } from '../limited-runner.ts';
import { loadPackage } from '../load-package.ts';
import { RetryingRunner } from '../retrying-runner.ts';
import { SessionRunner } from '../session-runner.ts';
import { channelOf } from './channel.ts';
import { NotificationSender } from './notification-sender.ts';
import { PgListener, type PgListenClient } from './pg-listener.ts';
import { type PgPool, PgSessions } from './pg-sessions.ts';
import { postgresDialect } from './postgres-dialect.ts';

/** A migration may have to wait for others, and to build indexes. */
const MIGRATION_TIMEOUT_MS = 600_000;
/** So long the end of connections keeps the process alive. */
const LONGEST_END_MS = 5_000;
/** A pool of `pg`, or where to connect one of our own. */
export type PgTarget = { readonly pool: PgPool } | { readonly url: string; readonly connections: number };

/** PostgreSQL, by the package `pg`. */
export function createPgBackend(target: PgTarget): Backend {
  return {
    name: 'postgres',
    dialect: postgresDialect,
    isDurable: true,
    isShared: true,
    isNotified: !('pool' in target) || clientClassOf(target.pool) !== undefined,
    connect: async (params) => {
      if ('pool' in target) return connectPool(target.pool, false, params);
      return connectPool(await createPool(target, params), true, params);
    },
  };
}

async function connectPool(pool: PgPool, isOwn: boolean, params: ConnectParams): Promise<Connection> {
  const { timeoutMs, place } = params;
  const source = new PgSessions(pool, isOwn, timeoutMs);
  const sender = new NotificationSender(new SessionRunner({ source, timeoutMs }));
  const notifications = { channel: channelOf(place), instance: createToken(createSystemRandom()) };
  const operations = await connectScripts({
    dialect: postgresDialect,
    scripts: new RetryingRunner(
      new SessionRunner({ source, timeoutMs, afterCommit: (statements) => sender.send(statements) }),
    ),
    migrations: new RetryingRunner(
      new SessionRunner({ source, timeoutMs: MIGRATION_TIMEOUT_MS, acquireTimeoutMs: timeoutMs }),
    ),
    connect: params,
    notifications,
  });
  const runner = new LimitedRunner(operations);
  const Client = clientClassOf(pool);
  const listener = Client && new PgListener(() => new Client(pool.options), notifications);
  return {
    runner,
    signals: listener,
    async close() {
      // Idle connections keep no process alive, but whoever waits for their end wants to go on after it.
      const timer = systemClock.setTimer(() => undefined, LONGEST_END_MS, true);
      try {
        await listener?.close();
        await runner.close();
      } finally {
        timer.cancel();
      }
    },
  };
}

/** Pools of `pg` say which class they use; listening needs a connection that nobody else gets. */
function clientClassOf(pool: PgPool): (new (options: object) => PgListenClient) | undefined {
  const { Client } = pool as { readonly Client?: unknown };
  return typeof Client === 'function' ? (Client as new (options: object) => PgListenClient) : undefined;
}

async function createPool(
  { url, connections }: { readonly url: string; readonly connections: number },
  { timeoutMs }: ConnectParams,
): Promise<PgPool> {
  const pg = (await loadPackage('pg')) as { readonly Pool: new (options: object) => PgPool & PoolEvents };
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: 'posthorn',
    keepAlive: true,
    pipeline: true,
    // Not longer than the call that it is for: an attempt that hangs takes the place of one that would not.
    connectionTimeoutMillis: Math.min(10_000, timeoutMs),
    // Idle connections keep no process alive.
    allowExitOnIdle: true,
  });
  // A connection that is lost while nobody uses it: the pool drops it, and without a listener the process would end.
  pool.on('error', () => undefined);
  return pool;
}

interface PoolEvents {
  on(event: 'error', listener: () => void): unknown;
}
