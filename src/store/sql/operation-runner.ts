import type { Database } from './database.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS, type OperationName, type ParamsOf, type ResultOf } from './operations.ts';
import type { Runner } from './runner.ts';
import type { ScriptRunner } from './script-runner.ts';

/** Runs operations by their names, in this thread. */
export class OperationRunner implements Runner {
  readonly #db: Database;
  readonly #scripts: ScriptRunner;

  constructor(db: Database, scripts: ScriptRunner) {
    this.#db = db;
    this.#scripts = scripts;
  }

  call<N extends OperationName>(name: N, params: ParamsOf<N>): Promise<ResultOf<N>> {
    const operation = OPERATIONS[name] as unknown as Operation<ParamsOf<N>, ResultOf<N>>;
    const { isTransaction } = operation;
    return this.#scripts.run(
      typeof isTransaction === 'function' ? isTransaction(params) : isTransaction,
      () => operation.script(this.#db, params),
    );
  }

  close(): Promise<void> {
    return this.#scripts.close();
  }
}
