/** What may be submitted as a job. */

export interface JobRequest {
  readonly job_type: string;
  readonly job_priority?: number;
  /** Default 60000. */
  readonly time_limit_ms?: number;
  /** Anything else of a job is handed on. */
  readonly [detail: string]: unknown;
}

/** Something is wrong with what was asked for. */
export class RequestError extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** The longest that a timer waits: 24 days. */
const MAX_LIMIT_MS = 2 ** 31 - 1;

/** @throws RequestError that names the field */
export function readJobRequest(body: unknown): JobRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RequestError('expected a job, as an object');
  const { job_type, job_priority, time_limit_ms: limit } = body as Partial<Record<string, unknown>>;
  if (typeof job_type !== 'string' || job_type === '')
    throw new RequestError('job_type: expected the name of a type');
  if (job_priority !== undefined && typeof job_priority !== 'number')
    throw new RequestError('job_priority: expected a number');
  if (limit !== undefined && !(Number.isInteger(limit) && Number(limit) > 0 && Number(limit) <= MAX_LIMIT_MS))
    throw new RequestError(`time_limit_ms: expected a whole number from 1 to ${MAX_LIMIT_MS}`);
  return body as JobRequest;
}
