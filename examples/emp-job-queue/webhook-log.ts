/** The recipe, third part: the log lines of the job queue, and those for what it could not do. */
import type { DeliveryEventBase, WebhookDispatcher } from 'posthorn';

/** Writes a line for all that happens to webhooks in this process. Returns the function that ends it. */
export function logWebhooks(dispatcher: WebhookDispatcher, write: (line: string) => void): () => void {
  const log = (at: number, level: 'ERROR' | 'INFO' | 'WARN', text: string): void =>
    write(`[${new Date(at).toISOString()}] ${level}: ${text}`);
  const listening = [
    dispatcher.on('endpoint.created', ({ at, endpoint }) =>
      log(at, 'INFO', `Webhook registered: ${endpoint.id} -> ${endpoint.url}`),
    ),
    dispatcher.on('delivery.succeeded', (event) =>
      log(event.at, 'INFO', `Webhook delivered successfully: ${event.endpoint.id} (${subjectOf(event)})`),
    ),
    dispatcher.on('delivery.retrying', (event) => {
      const { at, endpoint, attemptInRun, maxAttempts, detail, delayMs } = event;
      log(at, 'WARN', `Webhook delivery failed: ${endpoint.id} (attempt ${attemptInRun}) - ${detail}`);
      // Of an attempt that the dispatcher itself could not make, the next one has the same number.
      const next = event.outcome === 'endpoint_failed' ? attemptInRun + 1 : attemptInRun;
      const again = `in ${delayMs}ms (attempt ${next}/${maxAttempts})`;
      log(at, 'INFO', `Webhook retry scheduled: ${endpoint.id} ${again}`);
    }),
    dispatcher.on('delivery.exhausted', (event) => {
      const { at, endpoint, attemptInRun, detail } = event;
      log(at, 'WARN', `Webhook delivery failed: ${endpoint.id} (attempt ${attemptInRun}) - ${detail}`);
      if (event.test) return;
      log(at, 'ERROR', `Webhook dead letter: ${endpoint.id} (${subjectOf(event)}) ${event.deliveryId}`);
    }),
    dispatcher.on('alert.raised', ({ at, detail }) => log(at, 'ERROR', `Webhook alert: ${detail}`)),
    dispatcher.on('alert.cleared', ({ at, detail }) => log(at, 'INFO', `Webhook alert is over: ${detail}`)),
    dispatcher.on('error', ({ at, error }) => log(at, 'ERROR', `Webhook system: ${error.message}`)),
  ];
  return () => listening.forEach((stop) => stop());
}

/** `job.completed, job_123`; of an event that is about no job, its type alone. */
function subjectOf({ message }: Pick<DeliveryEventBase, 'message'>): string {
  const jobId = message.metadata?.['job_id'];
  return typeof jobId === 'string' ? `${message.type}, ${jobId}` : message.type;
}
