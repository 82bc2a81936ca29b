import type { Dialect as OwnKyselyDialect } from 'kysely';
import type { Backend } from '../backend.ts';
import { connectScripts } from '../connect-scripts.ts';
import type { Dialect, DialectName } from '../dialect.ts';
import { mysqlDialect } from '../mysql/mysql-dialect.ts';
import { withPacketLimit } from '../mysql/packet-limit.ts';
import { postgresDialect } from '../postgres/postgres-dialect.ts';
import { RetryingRunner } from '../retrying-runner.ts';
import { sqliteDialect } from '../sqlite/sqlite-dialect.ts';
import { type KyselyDialect, type KyselyInstance, KyselyRunner } from './kysely-runner.ts';

/** A migration may have to wait for others, and to build indexes. */
const MIGRATION_TIMEOUT_MS = 600_000;

const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  sqlite: sqliteDialect,
  postgres: postgresDialect,
  mysql: mysqlDialect,
};

/** An instance of Kysely, or a dialect of which one is made. */
export type KyselyTarget = { readonly instance: KyselyInstance } | { readonly dialect: KyselyDialect };

/** Any database that Kysely reaches. It offers no way to listen: others are heard of by looking. */
export function createKyselyBackend(target: KyselyTarget, name: DialectName): Backend {
  const dialect = DIALECTS[name];
  return {
    name,
    dialect,
    isDurable: true,
    isShared: true,
    isNotified: false,
    async connect(params) {
      const isOwn = 'dialect' in target;
      const instance: KyselyInstance = isOwn ? await createInstance(target.dialect) : target.instance;
      const options = { dialect: name, isOwn, timeoutMs: params.timeoutMs };
      const scripts = new RetryingRunner(new KyselyRunner(instance, options));
      const runner = await connectScripts({
        dialect,
        ...(name === 'mysql' ? withPacketLimit(scripts, { isEscaped: true }) : { scripts }),
        migrations: new RetryingRunner(
          new KyselyRunner(instance, { ...options, timeoutMs: MIGRATION_TIMEOUT_MS }),
        ),
        connect: params,
      });
      return { runner, close: () => runner.close() };
    },
  };
}

async function createInstance(dialect: KyselyDialect): Promise<KyselyInstance> {
  const { Kysely } = await import('kysely');
  return new Kysely({ dialect: dialect as OwnKyselyDialect });
}
