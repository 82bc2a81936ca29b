/** How the print service sends its webhooks. This is what had to be configured; everything else is the service. */
import type { DispatcherOptions, FilterExpression, WebhookDispatcher } from 'posthorn';
import { type JobStatus, type PrintJob, toShownJob } from './job.ts';

/** What the dispatcher is given, beside its store. */
export const webhookOptions = {
  userAgent: 'OrcaSlicer-Print-Service/1.0.0',
  envelope: 'raw', // the body is the data and nothing around it
  functions: { header: { 'event-slug': ({ message }) => message.type.replaceAll('_', '-') } },
  computedHeaders: { 'X-Print-Service-Event': 'event-slug' },
  secretPolicy: 'optional', // without a secret, requests are not signed
  signatures: [{ scheme: 'hex', header: 'X-Print-Service-Signature' }],
  retry: { kind: 'exponential', maxAttempts: 4, initialDelayMs: 1_000, multiplier: 2, jitter: 0 }, // the first, and 3 retries
  retryOn: ['5xx', 'network', 'timeout'],
  onGone: 'retry', // 410 is a 4xx like the others: it ends this delivery, and disables nobody
  timeoutMs: 10_000,
  ordering: 'key', // the updates of one job in order; jobs do not wait for each other
} as const satisfies DispatcherOptions;

/** Beside these, every change to `failed` is sent. */
const TRANSITIONS = [
  ['pending', 'downloading'],
  ['downloading', 'slicing'],
  ['slicing', 'uploading'],
  ['uploading', 'printing'],
  ['printing', 'complete'],
] as const satisfies readonly (readonly [JobStatus, JobStatus])[];

/** For endpoints that are registered: `endpoints.create({ url, filter: transitionFilter })`. */
export const transitionFilter: FilterExpression = {
  $or: [
    ...TRANSITIONS.map(([previous, status]) => ({ 'metadata.previous': previous, 'data.status': status })),
    { 'data.status': 'failed' },
  ],
};

/** The same for the URL that came with the job, which gets whatever it is sent. */
function isSent(previous: JobStatus, status: JobStatus): boolean {
  return status === 'failed' || TRANSITIONS.some(([from, to]) => from === previous && to === status);
}

/** Tells of a job that has changed its status. Resolves with whether the webhooks are stored, and never rejects: nothing of it can touch the job. */
export type Announce = (job: PrintJob, previous: JobStatus) => Promise<boolean>;

export interface AnnouncerOptions {
  /** Gets a line for each webhook that has ended. */
  readonly log: (line: string) => void;
  /** What the receivers of jobs verify with. Default: requests are not signed. */
  readonly secret?: string | undefined;
}

export function createAnnouncer(webhooks: WebhookDispatcher, { log, secret }: AnnouncerOptions): Announce {
  logOutcomes(webhooks, log);
  return async (job, previous) => {
    const send = (key: string, to?: { readonly url: string; readonly secret: string | undefined }) => {
      const options = {
        to,
        metadata: { previous },
        orderingKey: job.id,
        // A service that was killed before it noted that it told of a status tells of it again; it is sent once all the same.
        idempotencyKey: `${key} ${job.id} ${job.status}`,
      };
      return webhooks.emit('job_status_update', toPayload(job), options).then(
        () => true,
        () => {
          log(`❌ Webhook error for job ${job.id}`);
          return false;
        },
      );
    };
    const sent = [send('registered')];
    if (job.webhook_url !== null && isSent(previous, job.status))
      sent.push(send('url', { url: job.webhook_url, secret }));
    return (await Promise.all(sent)).every(Boolean);
  };
}

/** The body, in the order in which it is documented. */
function toPayload(job: PrintJob) {
  return {
    event: 'job_status_update',
    job_id: job.id,
    status: job.status,
    timestamp: job.updated_at,
    job: toShownJob(job),
  };
}

function logOutcomes(webhooks: WebhookDispatcher, log: (line: string) => void): void {
  const tell = async (what: string, messageId: string): Promise<void> => {
    const { data } = await webhooks.messages.get(messageId);
    log(`${what} for job ${(data as { readonly job_id: string }).job_id}`);
  };
  webhooks.on('delivery.succeeded', ({ message }) => tell('✅ Webhook notification sent', message.id));
  webhooks.on('delivery.exhausted', ({ message }) => tell('⚠️  Webhook notification failed', message.id));
  webhooks.on('delivery.discarded', ({ message }) => tell('⚠️  Webhook notification failed', message.id));
  webhooks.on('delivery.failed', ({ message }) => tell('❌ Webhook error', message.id));
}
