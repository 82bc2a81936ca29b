import { Worker } from 'node:worker_threads';
import { describeError, StoreError } from '../../../errors.ts';
import { IS_SOURCE, WORKER_ENTRY } from './worker-entry.ts';
import { unpackError, type WorkerAnswer, type WorkerCall, type WorkerStart } from './worker-messages.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One thread with a SQLite connection, and the calls that wait for it. It keeps the process alive only while some do. */
export class WorkerThread {
  /** Resolves when the file is open and has its tables. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #calls = 0;
  #hasEnded = false;
  #isClosing = false;

  constructor(start: WorkerStart) {
    this.#worker = createWorker(start);
    this.#worker.on('message', (answer: WorkerAnswer) => this.#onAnswer(answer));
    this.#worker.on('messageerror', (error) => this.#end(error));
    this.#worker.on('error', (error) => this.#end(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#end(new Error(`The thread ended with code ${code}.`));
        resolve();
      });
    });
    this.ready = this.#wait(0).then(() => undefined);
    this.ready.catch(() => undefined);
  }

  /** It runs no more calls. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  call(call: Omit<WorkerCall, 'id'>): Promise<unknown> {
    if (this.#hasEnded) return Promise.reject(crashed(undefined));
    this.#calls += 1;
    const result = this.#wait(this.#calls);
    this.#worker.postMessage({ ...call, id: this.#calls } satisfies WorkerCall);
    return result;
  }

  /** Lets it end what it has begun. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    this.#isClosing = true;
    this.#worker.postMessage('close');
    this.#worker.ref();
    await this.#exited;
  }

  #wait(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #onAnswer(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    // Who closes it waits for its end, after the last answer, too.
    if (this.#waiting.size === 0 && !this.#isClosing) this.#worker.unref();
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(unpackError(answer.error));
    if ('error' in answer && answer.id === 0) this.#hasEnded = true;
  }

  #end(error: unknown): void {
    this.#hasEnded = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(crashed(error));
  }
}

/** What the thread makes lives for one call: its youngest objects need no more room, and would take up to 48 MB. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 };

function createWorker(start: WorkerStart): Worker {
  // That one is for a program on the command line, and keeps a thread from running a file.
  const execArgv = process.execArgv.some((arg) => arg.startsWith('--input-type')) ? [] : process.execArgv;
  if (!IS_SOURCE) return new Worker(WORKER_ENTRY, { workerData: start, resourceLimits, execArgv });
  const load = `import('tsx/esm/api').then(({ register }) => (register(), import('${WORKER_ENTRY.href}')))`;
  return new Worker(load, { eval: true, workerData: start, resourceLimits });
}

function crashed(error: unknown): StoreError {
  const why = error === undefined ? '' : `: ${describeError(error)}`;
  return new StoreError(
    `The thread that works on the SQLite file has ended${why}. The next call starts another one.`,
    { code: 'store_unavailable', cause: error },
  );
}
