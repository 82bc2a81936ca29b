/** The queue of one instance, and the machine with one worker that does the jobs. It tells of everything that happens; who hears of it is none of its business. */
import { randomBytes } from 'node:crypto';
import { type JobRequest, RequestError } from './job-request.ts';

export type JobStatus =
  'pending' | 'assigned' | 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'timeout';

/** Does a job. Its result goes into `job.completed`, what it throws into `job.failed`. */
export type Work = (tools: {
  readonly report: (progress: number) => void;
  /** Aborted when the job is cancelled, or has taken too long: the work must end then. */
  readonly signal: AbortSignal;
}) => Promise<unknown>;

export interface JobQueueOptions {
  readonly machineId: string;
  /** By job type. */
  readonly work: ReadonlyMap<string, Work>;
  readonly publish: (type: string, details: Readonly<Record<string, unknown>>) => void;
}

interface Job extends JobRequest {
  readonly job_id: string;
  readonly job_status: JobStatus;
}

const TIME_LIMIT_MS = 60_000;

export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #worker: { readonly worker_id: string; readonly machine_id: string };
  readonly #running = new Map<
    string,
    { readonly controller: AbortController; readonly ended: Promise<void> }
  >();

  #isStopped = false;

  constructor(options: JobQueueOptions) {
    const { machineId } = options;
    this.#options = options;
    this.#worker = { worker_id: `${machineId}-worker-1`, machine_id: machineId };
  }

  start(): void {
    this.#options.publish('machine.startup', { machine_id: this.#worker.machine_id });
    this.#options.publish('worker.connected', this.#worker);
  }

  /** Resolves when all is told, also of the jobs that are cancelled by it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const id of this.#running.keys()) this.cancel(id);
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    this.#options.publish('worker.disconnected', this.#worker);
    this.#options.publish('machine.shutdown', { machine_id: this.#worker.machine_id });
  }

  /** @returns the id of the job */
  submit(request: JobRequest): string {
    if (this.#isStopped) throw new RequestError('this instance is shutting down', 503);
    const job_id = `job_${randomBytes(6).toString('hex')}`;
    const job: Job = { ...request, job_id, job_status: 'pending' };
    this.#options.publish('job.submitted', { ...job });
    const controller = new AbortController();
    const ended = this.#run(job, controller).finally(() => this.#running.delete(job_id));
    this.#running.set(job_id, { controller, ended });
    return job_id;
  }

  /** False when no such job is at work here. */
  cancel(jobId: string): boolean {
    const job = this.#running.get(jobId);
    job?.controller.abort('cancelled');
    return job !== undefined;
  }

  async #run(submitted: Job, controller: AbortController): Promise<void> {
    const { publish, work } = this.#options;
    const { job_type, time_limit_ms = TIME_LIMIT_MS } = submitted;
    const { signal } = controller;
    const limit = setTimeout(() => controller.abort('timeout'), time_limit_ms);
    let job = this.#change({ ...submitted, ...this.#worker }, 'assigned', 'job.assigned');
    try {
      const doWork = work.get(job_type);
      if (doWork === undefined) throw new Error(`no worker for ${job_type}`);
      job = this.#change(job, 'in_progress');
      const report = (progress: number): void => publish('job.progress', { ...job, progress });
      const result = await doWork({ report, signal });
      this.#change(job, 'completed', 'job.completed', { progress: 100, result });
    } catch (error) {
      if (signal.aborted) {
        const reason = signal.reason as 'cancelled' | 'timeout';
        this.#change(job, reason, `job.${reason}`);
      } else {
        this.#change(job, 'failed', 'job.failed', { error: (error as Error).message });
      }
    } finally {
      clearTimeout(limit);
    }
  }

  /** A transition of the status is an event of its own, beside the one that names what happened. */
  #change(before: Job, job_status: JobStatus, type?: string, details: object = {}): Job {
    const { publish } = this.#options;
    const job: Job = { ...before, job_status };
    if (type !== undefined) publish(type, { ...job, ...details });
    publish('job.status_changed', { ...job, previous_status: before.job_status });
    return job;
  }
}
