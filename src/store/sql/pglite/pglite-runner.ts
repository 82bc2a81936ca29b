import { runAsync } from '../run-script.ts';
import type { Row, Script, Statement, StatementResult } from '../script.ts';
import type { ScriptRunner } from '../script-runner.ts';

/** An instance of PGlite: the part of it that the store uses. */
export interface Pglite extends PgliteQueries {
  transaction<T>(run: (transaction: PgliteQueries) => Promise<T>): Promise<T>;
  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
}

/** PGlite, or a transaction of it. */
export interface PgliteQueries {
  query(
    sql: string,
    // As PGlite declares it.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    parameters?: any[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly affectedRows?: number | undefined }>;
}

const NOTHING: StatementResult = { rows: [], changed: 0 };

/** Runs scripts in PGlite, which has one connection, and its own queue for it. */
export class PgliteRunner implements ScriptRunner {
  readonly #pglite: Pglite;
  readonly #afterCommit: (statements: readonly Statement[]) => void;

  constructor(pglite: Pglite, afterCommit: (statements: readonly Statement[]) => void = () => undefined) {
    this.#pglite = pglite;
    this.#afterCommit = afterCommit;
  }

  async run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    const late: Statement[] = [];
    const runOn = (queries: PgliteQueries): Promise<T> =>
      runAsync(begin(), async (statement) => {
        if (statement.isAfterCommit !== true) return execute(queries, statement);
        late.push(statement);
        return NOTHING;
      });
    const result = await (isTransaction ? this.#pglite.transaction(runOn) : runOn(this.#pglite));
    if (late.length > 0) this.#afterCommit(late);
    return result;
  }

  /** The instance is the application's. */
  async close(): Promise<void> {}
}

async function execute(queries: PgliteQueries, { sql, parameters }: Statement): Promise<StatementResult> {
  const { rows, affectedRows = 0 } = await queries.query(sql, [...parameters]);
  return { rows: rows as readonly Row[], changed: /^\s*select/i.test(sql) ? 0 : affectedRows };
}
