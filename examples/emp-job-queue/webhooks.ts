/**
 * The recipe: what makes a dispatcher the webhook system of the job queue. Its receivers notice nothing of the change; docs/recipes/emp-job-queue.md
 * says why each setting is as it is.
 */
import type { AdaptedEvent, DispatcherOptions, EnvelopeFunction, HeaderFunction, Message } from 'posthorn';

/** What a webhook can be about. Everything else that is broadcast is for monitors and clients alone. */
export const WEBHOOK_EVENT_TYPES = [
  'job.submitted',
  'job.assigned',
  'job.progress',
  'job.completed',
  'job.failed',
  'job.cancelled',
  'job.timeout',
  'job.status_changed',
  'machine.startup',
  'machine.shutdown',
  'worker.connected',
  'worker.disconnected',
] as const;

/** What is broadcast: what happened, when, and whatever else there is to say of it, which is the data of the webhook. */
export interface MonitorEvent {
  readonly type: string;
  /** The same wherever it is heard: it is one message then, however many instances hand it over. Default: a new one for each call. */
  readonly event_id?: string;
  /** Epoch ms. Default: now. */
  readonly timestamp?: number;
  readonly [detail: string]: unknown;
}

/** `max_attempts` counts the first: at once, 1 s later, 2 s later. */
export const RETRY = {
  kind: 'exponential',
  maxAttempts: 3,
  initialDelayMs: 1_000,
  multiplier: 2,
  maxDelayMs: 30_000,
  jitter: 0,
} as const;

/** The job is in the metadata as well: log lines name it, and events about deliveries carry no data. */
function readEvent({ type, event_id, timestamp, ...data }: MonitorEvent): AdaptedEvent | undefined {
  if (!(WEBHOOK_EVENT_TYPES as readonly string[]).includes(type)) return undefined;
  const { job_id } = data;
  return {
    type,
    data,
    id: event_id,
    timestamp,
    metadata: typeof job_id === 'string' ? { job_id } : undefined,
  };
}

const eventIdOf = ({ id, test }: Message): string => (test ? id.replace(/^evt_/, 'test_') : id);

/** `timestamp` is when this attempt is made; a retry says in `metadata` when the event happened. */
const payload: EnvelopeFunction = ({ message, data, endpoint, attempt, now }) => ({
  body: JSON.stringify({
    event_type: message.type,
    event_id: eventIdOf(message),
    timestamp: now,
    webhook_id: endpoint.id,
    data,
    metadata: message.test
      ? message.metadata
      : attempt > 1
        ? { retry_attempt: attempt - 1, original_timestamp: message.timestamp }
        : undefined,
  }),
  contentType: 'application/json',
});

const eventId: HeaderFunction = ({ message }) => eventIdOf(message);

/** Options of the dispatcher. Store, network rules and the like are up to the application. */
export const webhookOptions: DispatcherOptions = {
  eventAdapter: readEvent,
  functions: { envelope: { emp: payload }, header: { emp_event_id: eventId } },
  envelope: 'emp',
  userAgent: 'EMP-Job-Queue-Webhook/1.0',
  computedHeaders: {
    'X-Webhook-Event': 'message.type',
    'X-Webhook-ID': 'endpoint.id',
    'X-Event-ID': 'emp_event_id',
  },
  secretPolicy: 'optional',
  signatures: [{ scheme: 'hex', header: 'X-Webhook-Signature', prefix: 'sha256=' }],
  ids: { endpoint: 'wh_', message: 'evt_' },
  retry: RETRY,
  success: ['2xx', '3xx'],
  timeoutMs: 30_000,
  // Any status from 400 on is a failure like any other, and nobody but its owner turns a webhook off.
  onGone: 'retry',
  retryAfter: false,
  autoDisable: false,
  testMessage: () => ({
    type: 'job.submitted',
    data: { job_id: 'test_job_123', job_type: 'test', job_status: 'pending' },
    metadata: { test: true },
  }),
  alerts: { successRate: { below: 0.95 } },
};
