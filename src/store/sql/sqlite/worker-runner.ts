import { StoreError } from '../../../errors.ts';
import type { OperationName, ParamsOf, ResultOf } from '../operations.ts';
import type { Runner } from '../runner.ts';
import type { WorkerStart } from './worker-messages.ts';
import { WorkerThread } from './worker-thread.ts';

/** Runs operations in a thread of its own. A thread that ends fails the calls it had, and the next call starts another. */
export class WorkerRunner implements Runner {
  readonly #start: WorkerStart;
  readonly #now: (() => number) | undefined;
  #thread: WorkerThread | undefined;
  #isClosed = false;

  /** @param now - the clock instead of that of the database */
  constructor(start: WorkerStart, now: (() => number) | undefined) {
    this.#start = start;
    this.#now = now;
  }

  /** Starts the thread; it opens the file and makes the tables. */
  open(): Promise<void> {
    return this.#current().ready;
  }

  async call<N extends OperationName>(name: N, params: ParamsOf<N>): Promise<ResultOf<N>> {
    const thread = this.#current();
    await thread.ready;
    return thread.call({ name, params, now: this.#now?.() }) as Promise<ResultOf<N>>;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.close();
  }

  #current(): WorkerThread {
    if (this.#isClosed) throw new StoreError('The connection to the SQLite file is closed.');
    if (this.#thread === undefined || this.#thread.hasEnded) this.#thread = new WorkerThread(this.#start);
    return this.#thread;
  }
}
