/** In place of the table `print_jobs`: all jobs in a file, which is replaced as a whole. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrintJob } from './job.ts';

export class JobBook {
  readonly #file: string;
  #jobs: ReadonlyMap<string, PrintJob>;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, 'jobs.json');
    const stored = existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : '[]';
    this.#jobs = new Map((JSON.parse(stored) as PrintJob[]).map((job) => [job.id, job]));
  }

  get(id: string): PrintJob | undefined {
    return this.#jobs.get(id);
  }

  list(): readonly PrintJob[] {
    return [...this.#jobs.values()];
  }

  put(job: PrintJob): void {
    const jobs = new Map(this.#jobs).set(job.id, job);
    writeFileSync(`${this.#file}.new`, JSON.stringify([...jobs.values()], undefined, 2));
    renameSync(`${this.#file}.new`, this.#file);
    this.#jobs = jobs;
  }
}
