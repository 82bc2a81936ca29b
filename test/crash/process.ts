import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { AT } from './child-gate.ts';
import type { ChildOrder } from './windows.ts';

const PROGRAM = fileURLToPath(new URL('./child.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A child that says nothing for so long is stuck. */
const PATIENCE_MS = 90_000;

/** A child, and what it says. */
export class RoundProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #words: string[] = [];
  #wake: () => void = () => {};
  #complaints = '';
  #hasEnded = false;

  constructor(order: ChildOrder) {
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=POSTHORN_UNENCRYPTED', '--import', 'tsx', PROGRAM, JSON.stringify(order)],
      {
        cwd: ROOT,
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4_000);
    });
    createInterface({ input: this.#child.stdout }).on('line', (word) => {
      this.#words.push(word);
      this.#wake();
    });
    this.#child.once('exit', () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** Waits for a word. @throws Error when the process ends or is silent for too long before it comes */
  async says(word: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.#words.includes(word)) {
      if (this.#hasEnded) throw new Error(`The process ended before it said "${word}".\n${this.#complaints}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`The process did not say "${word}".\n${this.#complaints}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The file that it named when it came to the window. */
  get file(): string {
    return this.#words.find((word) => word.startsWith(AT))?.slice(AT.length) ?? '';
  }

  /** Lets it go on. */
  answer(): void {
    this.#child.stdin.write('go\n');
  }

  /** Holds it up, as a machine that swaps or a blocked event loop does: it renews nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Resolves when it ended by itself. */
  async ends(): Promise<void> {
    if (!this.#hasEnded) await once(this.#child, 'exit');
  }
}
