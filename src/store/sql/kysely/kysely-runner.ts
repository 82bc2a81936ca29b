import { systemClock } from '../../../clock.ts';
import type { DialectName } from '../dialect.ts';
import { DURABLE_COMMIT } from '../postgres/durable-commit.ts';
import { runAsync } from '../run-script.ts';
import type { Row, Script, Statement, StatementResult } from '../script.ts';
import type { ScriptRunner } from '../script-runner.ts';
import { CallTimeoutError } from '../trouble.ts';
import { rawQuery } from './raw-query.ts';

/** An instance of Kysely: the part of it that the store uses. */
export interface KyselyInstance {
  /** Without plugins: they may change the names of columns. */
  withoutPlugins(): KyselyInstance;
  connection(): { execute<T>(run: (connection: KyselyInstance) => Promise<T>): Promise<T> };
  executeQuery(
    // As Kysely declares it, whatever its version.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    query: any,
  ): Promise<{ readonly rows: readonly unknown[]; readonly numAffectedRows?: bigint | undefined }>;
  destroy(): Promise<void>;
}

/** A dialect of Kysely, of which an instance is made. */
export interface KyselyDialect {
  createDriver(): object;
  createAdapter(): object;
  createQueryCompiler(): object;
  createIntrospector(
    // As Kysely declares it, whatever its version.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    db: any,
  ): object;
}

/** How each database begins a transaction that the store can rely on: not by what Kysely sends, which on SQLite may fail halfway. */
const BEGIN: Readonly<Record<DialectName, readonly string[]>> = {
  sqlite: ['begin immediate'],
  postgres: ['begin isolation level read committed', DURABLE_COMMIT],
  mysql: ['set transaction isolation level read committed', 'start transaction'],
};

/** Runs scripts on connections of Kysely. */
export class KyselyRunner implements ScriptRunner {
  readonly #kysely: KyselyInstance;
  readonly #dialect: DialectName;
  readonly #isOwn: boolean;
  readonly #timeoutMs: number;

  /** @param options - `isOwn`: the instance was made for this store, and ends with it */
  constructor(
    kysely: KyselyInstance,
    options: { readonly dialect: DialectName; readonly isOwn: boolean; readonly timeoutMs: number },
  ) {
    this.#kysely = kysely.withoutPlugins();
    this.#dialect = options.dialect;
    this.#isOwn = options.isOwn;
    this.#timeoutMs = options.timeoutMs;
  }

  run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    // Kysely cannot drop a connection that does not answer; the caller at least need not wait for it.
    return within(
      this.#kysely.connection().execute(async (connection) => {
        if (!isTransaction) return runAsync(begin(), (statement) => execute(connection, statement));
        for (const sql of BEGIN[this.#dialect]) await connection.executeQuery(rawQuery(sql));
        try {
          const result = await runAsync(begin(), (statement) => execute(connection, statement));
          await connection.executeQuery(rawQuery('commit'));
          return result;
        } catch (error) {
          await connection.executeQuery(rawQuery('rollback')).catch(() => undefined);
          throw error;
        }
      }),
      this.#timeoutMs,
    );
  }

  async close(): Promise<void> {
    if (this.#isOwn) await this.#kysely.destroy();
  }
}

async function execute(connection: KyselyInstance, { sql, parameters }: Statement): Promise<StatementResult> {
  const { rows, numAffectedRows } = await connection.executeQuery(rawQuery(sql, parameters));
  const changed = /^\s*select/i.test(sql) ? 0 : Number(numAffectedRows ?? rows.length);
  return { rows: rows as readonly Row[], changed };
}

function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimer(
      () => reject(new CallTimeoutError('A call of the database', limitMs)),
      limitMs,
      true,
    );
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}
