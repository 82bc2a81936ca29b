import type { Job } from './peer.ts';

/** Jobs in memory, so many of which are worked on at a time. */
export class WorkQueue {
  readonly #limit: number;
  readonly #work: (job: Job) => Promise<void>;
  #jobs: Job[] = [];
  #running = 0;

  constructor(limit: number, work: (job: Job) => Promise<void>) {
    this.#limit = limit;
    this.#work = work;
  }

  add(job: Job): void {
    this.#jobs.push(job);
    if (this.#running < this.#limit) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running += 1;
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) await this.#work(job);
    this.#running -= 1;
  }
}
