/** The service itself: takes jobs, and brings each from status to status. Of webhooks it knows that there is somebody to tell. */
import { createJob, enter, type JobInput, type JobStatus, type PrintJob } from './job.ts';
import type { JobBook } from './job-book.ts';
import type { Announce } from './webhooks.ts';

export interface PrintServiceOptions {
  readonly book: JobBook;
  readonly announce: Announce;
  /** What is to be done in this status: to download, to slice, … Rejects when it cannot be done. */
  readonly work: (job: PrintJob) => Promise<void>;
  readonly now?: () => Date;
}

const NEXT: Partial<Record<JobStatus, JobStatus>> = {
  pending: 'downloading',
  downloading: 'slicing',
  slicing: 'uploading',
  uploading: 'printing',
  printing: 'complete',
};

export class PrintService {
  readonly #options: PrintServiceOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(options: PrintServiceOptions) {
    this.#options = options;
  }

  /** Takes a job, which is worked on from now on; undefined when there is one with this id. */
  submit(input: JobInput): PrintJob | undefined {
    if (this.get(input.job_id) !== undefined) return undefined;
    const job = createJob(input, this.#now());
    this.#options.book.put(job);
    this.#start(job);
    return job;
  }

  get(id: string): PrintJob | undefined {
    return this.#options.book.get(id);
  }

  /** Goes on where an earlier process was ended, which may have written down a status and not told of it any more. */
  resume(): void {
    for (const job of this.#options.book.list()) {
      void this.#tell(job);
      this.#start(job);
    }
  }

  /** Resolves when no job is being worked on. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #start(job: PrintJob): void {
    const run = this.#run(job)
      // The book cannot be written. What stands in it is taken up at the next start.
      .catch((error: unknown) =>
        console.error(`Job ${job.id} stops until the next start: ${messageOf(error)}`),
      )
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #run(first: PrintJob): Promise<void> {
    let job = first;
    for (let next = NEXT[job.status]; next !== undefined; next = NEXT[job.status]) {
      const error_message = await this.#options.work(job).then(() => null, messageOf);
      job = this.#enter({ ...job, error_message }, error_message === null ? next : 'failed');
    }
  }

  #enter(before: PrintJob, status: JobStatus): PrintJob {
    const job = enter(before, status, this.#now());
    this.#options.book.put(job);
    void this.#tell(job);
    return job;
  }

  /** Notes that it was told: nobody wants to hear of a job again at every start. */
  async #tell(job: PrintJob): Promise<void> {
    const { announce, book } = this.#options;
    if (job.previous_status === null || !(await announce(job, job.previous_status))) return;
    const current = this.get(job.id)!;
    if (current.status !== job.status) return;
    try {
      book.put({ ...current, previous_status: null });
    } catch (error) {
      console.error(`Job ${job.id} is told of again at the next start: ${messageOf(error)}`);
    }
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
