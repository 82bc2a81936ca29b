/** A program of its own process that says where it is: one line of output for each marker. Nothing waits by time. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Makes one JavaScript file of a TypeScript program, so that twenty processes of it start in the time of one. Its path;
 * the name of the program must be unique among the tests.
 */
export async function bundleProgram(file: URL): Promise<string> {
  const outDir = join(root, 'node_modules/.cache/programs', basename(file.pathname, '.ts'));
  await build({
    entry: { program: fileURLToPath(file) },
    outDir,
    config: false,
    silent: true,
    format: 'esm',
    target: 'node20',
    clean: false,
  });
  return join(outDir, 'program.js');
}

/** A running program. */
export class MarkedChild {
  readonly #child: Child;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<unknown>;
  #errors = '';

  /** Runs a JavaScript file. */
  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [file, ...args], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#ended = once(this.#child, 'close').then(() => this.#check());
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#lines.push(line);
      this.#check();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next line of output that begins with one of the words, and is given to nobody else. */
  marker(...words: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const index = this.#lines.findIndex((line) => words.includes(line.split(' ')[0]!));
        const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
        if (index < 0 && !hasEnded) return;
        this.#waiting.delete(check);
        if (index >= 0) resolve(this.#lines.splice(index, 1)[0]!);
        else reject(new Error(`The child ended before it said ${words.join(' or ')}.\n${this.#errors}`));
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** How many lines have come that begin with a word, and were given to nobody. */
  count(word: string): number {
    return this.#lines.filter((line) => line.split(' ')[0] === word).length;
  }

  /** A line on its standard input. */
  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves once the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits for the end of a process that ends by itself; its exit code. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  #check(): void {
    for (const check of [...this.#waiting]) check();
  }
}
