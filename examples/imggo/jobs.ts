/** The events of ImgGo: flat objects, sent as they are. */

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

/** What somebody hands in. */
export interface JobInput {
  readonly pattern_id: string;
  readonly image_url: string;
}
