import type { Database } from './database.ts';
import {
  type AnyOperation,
  findOperation,
  type OperationName,
  type ParamsOf,
  type ResultOf,
  whenLoaded,
} from './operations.ts';
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
    const operation = findOperation(name);
    const result =
      operation instanceof Promise
        ? operation.then((loaded) => this.#run(loaded, params))
        : this.#run(operation, params);
    return result as Promise<ResultOf<N>>;
  }

  async close(): Promise<void> {
    await whenLoaded();
    await this.#scripts.close();
  }

  #run(operation: AnyOperation, params: unknown): Promise<unknown> {
    const { isTransaction } = operation;
    const isWriting = typeof isTransaction === 'function' ? isTransaction(params) : isTransaction;
    return this.#scripts.run(isWriting, () => operation.script(this.#db, params));
  }
}
