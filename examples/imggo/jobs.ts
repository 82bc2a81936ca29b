/** The events of ImgGo: flat objects, sent as they are. */
import * as v from 'valibot';

export interface JobQueued {
  readonly event: 'job.queued';
  readonly job_id: string;
  readonly pattern_id: string;
  readonly status: 'queued';
  readonly estimated_time_ms: number;
  readonly created_at: string;
}

export interface JobCompleted {
  readonly event: 'job.completed';
  readonly job_id: string;
  readonly pattern_id: string;
  readonly status: 'completed';
  readonly result: Readonly<Record<string, string | number>>;
  readonly confidence: number;
  readonly processing_time_ms: number;
  readonly created_at: string;
  readonly completed_at: string;
}

export interface JobFailed {
  readonly event: 'job.failed';
  readonly job_id: string;
  readonly pattern_id: string;
  readonly status: 'failed';
  readonly error: { readonly code: string; readonly message: string };
  readonly created_at: string;
  readonly failed_at: string;
}

export type JobEvent = JobQueued | JobCompleted | JobFailed;

/** The body of a request that hands in a job. */
export const JobBodySchema = v.pipe(
  v.string(),
  v.parseJson(undefined, 'The body is not JSON.'),
  v.object({
    pattern_id: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    image_url: v.pipe(v.string(), v.maxLength(2_048), v.url(), v.regex(/^https?:/i)),
  }),
);

/** What somebody hands in. */
export type JobInput = Readonly<v.InferOutput<typeof JobBodySchema>>;
