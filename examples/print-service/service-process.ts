/** The process of the service, seen from outside. */
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { JobInput, PrintJob } from './job.ts';

export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #heard = new EventEmitter();
  readonly #lines: string[] = [];
  #origin = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!])
      createInterface(stream).on('line', (line) => {
        this.#lines.push(line);
        this.#heard.emit('line');
      });
  }

  /** Resolves when its API listens. */
  static async start(folder: string, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const child = fork(new URL('./service.ts', import.meta.url), [folder], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // Before anybody deletes its folder.
    process.prependOnceListener('exit', () => child.kill('SIGKILL'));
    const service = new ServiceProcess(child);
    const [first] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
    if (typeof first !== 'string') throw new Error(`The service has ended:\n${service.lines.join('\n')}`);
    service.#origin = first;
    return service;
  }

  /** What it has printed. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Resolves when it has printed this line so often; rejects when the time is up. */
  async hasPrinted(line: string, count: number, signal: AbortSignal): Promise<void> {
    while (this.#lines.filter((printed) => printed === line).length < count)
      await once(this.#heard, 'line', { signal });
  }

  async submit(input: JobInput): Promise<void> {
    const body = JSON.stringify(input);
    const response = await fetch(`${this.#origin}/api/submit-print`, { method: 'POST', body });
    if (!response.ok) throw new Error(`The service answered ${response.status}.`);
  }

  async job(id: string): Promise<PrintJob> {
    return (await (await fetch(`${this.#origin}/api/jobs/${id}`)).json()) as PrintJob;
  }

  /** Ends it as a power cut would: it learns nothing of it. */
  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Lets it finish its jobs, and what is due. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.send('stop');
    await ended;
  }
}
