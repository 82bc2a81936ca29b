import { systemClock } from '../../../clock.ts';
import { retryTransient } from '../retrying-runner.ts';
import type { Script } from '../script.ts';
import type { ScriptRunner } from '../script-runner.ts';
import { troubleOf } from '../trouble.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/** A transaction that waits for the connection, and whoever waits for it. */
interface Call {
  readonly begin: () => Script<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs scripts on one SQLite connection. All transactions that came in the same turn of the event loop, or while another process was writing, are
 * committed together: the disk is waited for once. Each is undone alone when it fails.
 */
export class SqliteGroupRunner implements ScriptRunner {
  readonly #connection: SqliteConnection;
  #waiting: Call[] = [];
  /** The flush under way. */
  #flush: Promise<void> | undefined;
  #isClosed = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    // Who only reads need not wait for those who write, nor for another process that does.
    if (!isTransaction) return this.#runAlone(false, begin);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ begin, resolve: resolve as Call['resolve'], reject });
      this.#flush ??= this.#flushAll();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#flush;
    this.#connection.close();
  }

  async #flushAll(): Promise<void> {
    await new Promise<void>((resolve) => systemClock.defer(resolve));
    while (this.#waiting.length > 0) {
      const calls = this.#waiting;
      this.#waiting = [];
      if (calls.length > 1) await this.#runGroup(calls);
      else await this.#settle(calls[0]!);
    }
    this.#flush = undefined;
  }

  async #runGroup(calls: readonly Call[]): Promise<void> {
    try {
      const outcomes = await this.#retry(() => this.#connection.runGroup(calls.map(({ begin }) => begin)));
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.kind === 'done') calls[index]!.resolve(outcome.result);
        // Nothing of it is left; alone it fails again, or it does not.
        else await this.#settle(calls[index]!);
      }
    } catch (error) {
      // Where others write, each would wait as long again. What else ends the transaction of all, a full disk, may be the fault of one.
      if (troubleOf((error as Error).cause) === 'busy') for (const { reject } of calls) reject(error);
      else for (const call of calls) await this.#settle(call);
    }
  }

  async #settle({ begin, resolve, reject }: Call): Promise<void> {
    try {
      resolve(await this.#runAlone(true, begin));
    } catch (error) {
      reject(error);
    }
  }

  #runAlone<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    return this.#retry(() => this.#connection.run(isTransaction, begin()));
  }

  #retry<T>(run: () => T): Promise<T> {
    return retryTransient(
      async () => run(),
      () => !this.#isClosed,
    );
  }
}
