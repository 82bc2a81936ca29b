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

/**
 * What somebody handed in, checked.
 *
 * @throws InputError naming the field that is wrong
 */
export function readJobInput(body: unknown): JobInput {
  if (typeof body !== 'object' || body === null) throw new InputError('body: expected a JSON object');
  const { job_id, storage_path, filename, webhook_url } = body as Record<string, unknown>;
  // It stands in log lines and in addresses.
  if (typeof job_id !== 'string' || !/^[A-Za-z0-9_-]{1,100}$/.test(job_id))
    throw new InputError('job_id: expected 1 to 100 characters of A-Z, a-z, 0-9, _ and -');
  return {
    job_id,
    storage_path: readText('storage_path', storage_path),
    filename: readText('filename', filename),
    ...(webhook_url === undefined || webhook_url === null ? {} : { webhook_url: readUrl(webhook_url) }),
  };
}

export class InputError extends Error {}

function readText(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH) return value;
  throw new InputError(`${field}: expected a text of 1 to ${MAX_LENGTH} characters`);
}

/** Whether anything can be sent there is found out when it is sent: the job does not depend on it. */
function readUrl(value: unknown): string {
  const text = readText('webhook_url', value);
  const { protocol, username, password } = URL.canParse(text) ? new URL(text) : { protocol: '' };
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new InputError('webhook_url: expected a URL like https://example.com/api/webhooks/print-status');
  if (username || password) throw new InputError('webhook_url: expected no user name and no password in it');
  return text;
}

const MAX_LENGTH = 2_048;

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
  /** Not shown to anybody: who has the URL of a webhook can write to it. */
  readonly webhook_url: string | null;
  /** Not shown either: the status before this one, until webhooks were told of the change; null for a job that is new. */
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

/** A job as webhooks and the API show it. */
export function toShownJob({
  webhook_url: _url,
  previous_status: _previous,
  ...job
}: PrintJob): Omit<PrintJob, 'webhook_url' | 'previous_status'> {
  return job;
}
