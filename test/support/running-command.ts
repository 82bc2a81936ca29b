/** A command while it runs: what it has printed so far, and how it ends. */
import { spawn } from 'node:child_process';
import type { CommandResult } from './command-line.ts';

export interface RunningCommand extends AsyncDisposable {
  /** All that it has answered so far. */
  readonly stdout: string;
  /** Resolves as soon as it has answered something of this form; rejects when it ends without. */
  printed(form: RegExp): Promise<RegExpExecArray>;
  /** Asks it to end, and waits until it has. */
  end(signal: 'SIGINT' | 'SIGTERM'): Promise<CommandResult>;
  readonly ended: Promise<CommandResult>;
}

export interface StartOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

export function startCommand({ program, args, cwd, env, input }: StartOptions): RunningCommand {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const look = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const check of look) check();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // It may end without having read it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    ended,
    get stdout() {
      return stdout;
    },
    printed: (form) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = form.exec(stdout);
          if (found === null) return;
          look.delete(check);
          resolve(found);
        };
        look.add(check);
        check();
        const fail = ({ code }: CommandResult): void =>
          reject(new Error(`ended with ${code}, without ${String(form)}: ${stderr}${stdout}`));
        void ended.then(fail, reject);
      }),
    end(signal) {
      child.kill(signal);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
