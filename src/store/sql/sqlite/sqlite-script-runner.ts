import type { Script } from '../script.ts';
import type { ScriptRunner } from '../script-runner.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/** Runs scripts on a SQLite connection in this thread. */
export class SqliteScriptRunner implements ScriptRunner {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    return this.#connection.run(isTransaction, begin());
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}
