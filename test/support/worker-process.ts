import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Health } from '../../src/health.ts';
import type { WorkerCall, WorkerLine, WorkerOrder } from './worker-order.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A dispatcher in a process of its own. Disposing of it kills it. */
export class WorkerProcess implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #calls = new Map<number, Waiting>();
  readonly #said = new Map<string, unknown>();
  readonly #listeners = new Map<string, (value: unknown) => void>();
  readonly #exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #hasExited = false;
  #count = 0;
  #complaints = '';

  private constructor(program: string, order: WorkerOrder) {
    this.name = order.name;
    this.#child = spawn(process.execPath, [program, JSON.stringify(order)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4_000);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#hear(JSON.parse(line) as WorkerLine),
    );
    this.#exit = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasExited = true;
      for (const { reject } of this.#calls.values()) reject(this.#ended());
      this.#calls.clear();
      return { code: code as number | null, signal: signal as string | null };
    });
  }

  /**
   * Resolves when its dispatcher runs.
   *
   * @param program - `worker-program.ts`, built
   */
  static async start(program: string, order: WorkerOrder): Promise<WorkerProcess> {
    const worker = new WorkerProcess(program, order);
    await worker.says('started');
    return worker;
  }

  /** Calls a method of its dispatcher, `endpoints.create`, or one of the program's own. */
  call<Result = unknown>(method: string, ...args: readonly unknown[]): Promise<Result> {
    if (this.#hasExited) return Promise.reject(this.#ended());
    const call: WorkerCall = { id: (this.#count += 1), method, args };
    const answer = new Promise<unknown>((resolve, reject) => this.#calls.set(call.id, { resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify(call)}\n`);
    return answer as Promise<Result>;
  }

  health(): Promise<Health> {
    return this.call<Health>('health');
  }

  /** What it said, or will say, under this word. @throws Error when the process ends before */
  async says<Value = unknown>(word: string): Promise<Value> {
    const said = new Promise<unknown>((resolve) => {
      if (this.#said.has(word)) resolve(this.#said.get(word));
      else this.#listeners.set(word, resolve);
    });
    const ended = this.#exit.then(() => {
      throw this.#ended(word);
    });
    ended.catch(() => {});
    return (await Promise.race([said, ended])) as Value;
  }

  /** Sends a signal: SIGTERM, SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.#hasExited) this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** Resolves when it ended, by itself or not. */
  get exit(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    return this.#exit;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #hear(line: WorkerLine): void {
    if ('said' in line) {
      this.#said.set(line.said, line.value);
      this.#listeners.get(line.said)?.(line.value);
      return;
    }
    const waiting = this.#calls.get(line.id);
    this.#calls.delete(line.id);
    if (line.error === undefined) waiting?.resolve(line.value);
    else waiting?.reject(Object.assign(new Error(line.error.message), line.error));
  }

  #ended(word?: string): Error {
    const when = word === undefined ? '' : ` before it said "${word}"`;
    return new Error(`The process ${this.name} ended${when}.\n${this.#complaints}`);
  }
}
