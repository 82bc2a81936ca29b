/** A print job, as the service keeps it and as its API shows it. */

export type JobStatus =
  'pending' | 'downloading' | 'slicing' | 'uploading' | 'printing' | 'complete' | 'failed';

/** What somebody hands in. */
export interface JobInput {
  readonly job_id: string;
  readonly storage_path: string;
  readonly filename: string;
  /** Who wants to hear of it. */
  readonly webhook_url?: string;
}

export interface PrintJob {
  readonly id: string;
  readonly status: JobStatus;
  readonly filename: string;
  readonly storage_path: string;
  readonly gcode_path: string | null;
  readonly error_message: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly slicing_started_at: string | null;
  readonly printing_started_at: string | null;
  /** Not part of what is sent. */
  readonly webhook_url: string | null;
  /** Not part of what is sent: the status before this one; null for a job that is new. */
  readonly previous_status: JobStatus | null;
}

export function createJob({ job_id, storage_path, filename, webhook_url }: JobInput, now: Date): PrintJob {
  const at = now.toISOString();
  return {
    id: job_id,
    status: 'pending',
    filename,
    storage_path,
    gcode_path: null,
    error_message: null,
    created_at: at,
    updated_at: at,
    slicing_started_at: null,
    printing_started_at: null,
    webhook_url: webhook_url ?? null,
    previous_status: null,
  };
}

/** The same job in its next status. */
export function enter(job: PrintJob, status: JobStatus, now: Date): PrintJob {
  const at = now.toISOString();
  return {
    ...job,
    status,
    previous_status: job.status,
    updated_at: at,
    ...(status === 'slicing' ? { slicing_started_at: at } : {}),
    ...(status === 'uploading' ? { gcode_path: `/gcode/${job.id}.gcode` } : {}),
    ...(status === 'printing' ? { printing_started_at: at } : {}),
  };
}
