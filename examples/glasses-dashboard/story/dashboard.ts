/** The dashboard, seen from outside: its backend, its command line and its configuration file. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { print, printCommand } from './print.ts';
import { until } from './until.ts';

export interface WebhookConfig {
  enabled: boolean;
  revision?: number;
  endpoints: { name: string; headers?: Record<string, string>; retry?: unknown; [member: string]: unknown }[];
}

const programOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const execute = promisify(execFile);

export class Dashboard {
  readonly #configFile: string;
  readonly #env: NodeJS.ProcessEnv;
  #backend: ChildProcess | undefined;
  #url = '';

  constructor(folder: string) {
    this.#configFile = join(folder, 'webhook_config.json');
    // The receivers of the story are on this machine.
    this.#env = {
      ...process.env,
      PORT: '0',
      WEBHOOK_FOLDER: folder,
      WEBHOOK_PRIVATE_NETWORKS: '127.0.0.0/8',
    };
  }

  /** Starts the backend; resolves when it listens. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [programOf('backend.mjs')], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Before anybody deletes its folder.
    process.prependOnceListener('exit', () => child.kill('SIGKILL'));
    this.#backend = child;
    createInterface(child.stderr).on('line', (line) => print(`backend: ${line}`));
    for await (const line of createInterface(child.stdout)) {
      print(`backend: ${line}`);
      this.#url = line.replace('Dashboard on ', '');
      return;
    }
    throw new Error('The backend ended.');
  }

  /** Calls the API, as the pages of the dashboard do. */
  async post(path: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  }

  /** `node manage-webhooks.mjs …`, as a person types it; what it answers. */
  async manage(...args: readonly string[]): Promise<string> {
    printCommand(
      `node manage-webhooks.mjs ${args.map((arg) => (/[^\w,-]/.test(arg) ? `"${arg}"` : arg)).join(' ')}`,
    );
    const { stdout } = await execute(process.execPath, [programOf('manage-webhooks.mjs'), ...args], {
      env: this.#env,
    });
    for (const line of stdout.trimEnd().split('\n')) print(line);
    return stdout;
  }

  config(): WebhookConfig {
    return JSON.parse(readFileSync(this.#configFile, 'utf8')) as WebhookConfig;
  }

  save(config: object): void {
    const temporary = `${this.#configFile}~`;
    writeFileSync(temporary, `${JSON.stringify(config, undefined, 2)}\n`);
    renameSync(temporary, this.#configFile);
  }

  /** Changes the file as an editor does; resolves when that is in force. */
  async edit(change: (config: WebhookConfig) => void): Promise<void> {
    const config = this.config();
    const before = config.revision ?? 0;
    change(config);
    this.save(config);
    // The backend counts the revisions of the file, and what it has read is in force a moment later.
    await until(() => (this.config().revision ?? 0) > before, 'the backend takes up the edit');
    await setTimeout(1_000);
  }

  /** Ends the backend as a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#backend;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
