/**
 * ImgGo itself, as far as its webhooks see it: takes images, reads them, and tells what came of it. Jobs are in memory, in place of a queue that
 * lasts: a process that is killed loses those that it was reading. Events that were emitted are stored, and not lost.
 */
import { randomUUID } from 'node:crypto';
import type { WebhookDispatcher } from 'posthorn';
import type { ReadImage } from './image-reader.ts';
import type { JobEvent, JobInput } from './jobs.ts';

export interface ImageProcessorOptions {
  readonly webhooks: WebhookDispatcher;
  readonly read: ReadImage;
  /** Epoch ms. */
  readonly now: () => number;
}

const ESTIMATED_TIME_MS = 3_000;

export class ImageProcessor {
  readonly #options: ImageProcessorOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(options: ImageProcessorOptions) {
    this.#options = options;
  }

  /** Takes a job, and answers with its id. */
  submit(customer: string, input: JobInput): string {
    const id = randomUUID();
    const run = this.#run(customer, id, input)
      .catch(console.error)
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
    return id;
  }

  /** Resolves when all jobs are over, and what is to be told of them is stored. Sending is not waited for. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(customer: string, job_id: string, { pattern_id, image_url }: JobInput): Promise<void> {
    const { read, now } = this.#options;
    const startedAt = now();
    const job = { job_id, pattern_id };
    const created_at = toTime(startedAt);
    await this.#tell(customer, {
      event: 'job.queued',
      ...job,
      status: 'queued',
      estimated_time_ms: ESTIMATED_TIME_MS,
      created_at,
    });
    const event = await read(image_url).then(
      ({ result, confidence }): JobEvent => ({
        event: 'job.completed',
        ...job,
        status: 'completed',
        result,
        confidence,
        processing_time_ms: now() - startedAt,
        created_at,
        completed_at: toTime(now()),
      }),
      (error: unknown): JobEvent => ({
        event: 'job.failed',
        ...job,
        status: 'failed',
        error: { code: 'invalid_image', message: error instanceof Error ? error.message : String(error) },
        created_at,
        failed_at: toTime(now()),
      }),
    );
    await this.#tell(customer, event);
  }

  async #tell(tenant: string, event: JobEvent): Promise<void> {
    // For a queue that hands a job out again after a crash: the same event of a job is one message, however often it is emitted.
    const idempotencyKey = `${event.event} ${event.job_id}`;
    await this.#options.webhooks.emit(event.event, event, { tenant, idempotencyKey });
  }
}

/** As documented: whole seconds. */
function toTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
