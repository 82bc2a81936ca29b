/** An API instance, seen from outside: its process, and calls to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { MonitorEvent } from './webhooks.ts';

export interface InstanceOptions {
  /** Its machine. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Told of each line that it logs. */
  readonly onLine?: (line: string, instance: InstanceProcess) => void;
}

/** What a call is answered with. */
export interface Answer {
  readonly status: number;
  readonly body: { readonly success?: boolean; readonly data?: unknown };
}

export class InstanceProcess {
  readonly name: string;
  /** All that it has logged. */
  readonly lines: string[] = [];
  #origin = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor({ name, env, onLine }: InstanceOptions) {
    this.name = name;
    this.#child = fork(new URL('./instance.ts', import.meta.url), {
      env: { ...process.env, ...env, MACHINE_ID: name },
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#ended = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        onLine?.(line, this);
      });
  }

  /** Resolves when it listens. */
  static async start(options: InstanceOptions): Promise<InstanceProcess> {
    const instance = new InstanceProcess(options);
    const [{ origin }] = (await Promise.race([
      once(instance.#child, 'message'),
      instance.#ended.then(() => {
        throw new Error(`${options.name} did not start: ${instance.lines.join('\n')}`);
      }),
    ])) as [{ origin: string }];
    instance.#origin = origin;
    return instance;
  }

  get origin(): string {
    return this.#origin;
  }

  /** `call('POST', '/api/jobs', { job_type: 'comfyui' })` */
  async call(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(this.#origin + path, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  /** The text at a path. */
  async read(path: string): Promise<string> {
    return (await fetch(this.#origin + path)).text();
  }

  /** Hears all that this instance broadcasts from now on, as a monitor does. */
  async watch(onEvent: (event: MonitorEvent) => void): Promise<void> {
    const [response] = (await once(get(`${this.#origin}/api/monitor`), 'response')) as [IncomingMessage];
    createInterface({ input: response })
      .on('line', (line) => onEvent(JSON.parse(line) as MonitorEvent))
      // The connection breaks when the instance ends.
      .on('error', () => undefined);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}
