/** The service in a process of its own, as the story sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Resolves when it listens. */
  static async start(environment: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const child = fork(new URL('./start.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    for await (const line of createInterface(child.stdout!)) {
      const [, url] = /^listening on (http:\/\/[^,]+)/.exec(line) ?? [];
      if (url !== undefined) return new ServerProcess(child, url);
    }
    throw new Error('The service ended before it listened.');
  }

  /** Ends it as a power cut would: it learns nothing of it. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends it as a deployment does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
