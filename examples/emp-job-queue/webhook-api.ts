/** The recipe, second part: the REST calls of the job queue, in the words and shapes that its users know. */
import type { WebhookApiOptions } from 'posthorn/http';
import { RETRY } from './webhooks.ts';

const RETRY_CONFIG = {
  max_attempts: RETRY.maxAttempts,
  initial_delay_ms: RETRY.initialDelayMs,
  backoff_multiplier: RETRY.multiplier,
  max_delay_ms: RETRY.maxDelayMs,
  jitter: RETRY.jitter,
};

/** What `retry_config` leaves out is as documented. */
function completeRetryConfig(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  if ('delays_ms' in given || 'preset' in given) return given;
  return { ...RETRY_CONFIG, ...given };
}

/** Options of the API, all but `authorize`: who may call is up to the application. */
export const webhookApiOptions: Omit<WebhookApiOptions, 'authorize'> = {
  filterFields: {
    job_types: { path: 'data.job_type' },
    job_priorities: { path: 'data.job_priority' },
    machine_ids: { path: 'data.machine_id', op: '$glob' },
    worker_ids: { path: 'data.worker_id', op: '$glob' },
    custom_filters: { path: 'data', op: 'each' },
  },
  // Answers show neither headers nor retries, so a PUT keeps what it leaves out: it could not send it back.
  accept: (body, { method, current, read }) => {
    const webhook = method === 'PUT' ? { ...current, ...body } : body;
    return read(
      'retry_config' in webhook
        ? { ...webhook, retry_config: completeRetryConfig(webhook['retry_config']) }
        : webhook,
    );
  },
  present: (resource, kind) => {
    switch (kind) {
      case 'webhook':
      case 'created_webhook': {
        const { id, url, events, filters, active, created_at, updated_at } = resource;
        return { id, url, events, filters, active, created_at, updated_at };
      }
      case 'stats': {
        const { total_deliveries, successful_deliveries, failed_deliveries } = resource;
        const { retry_queue_size, pending_deliveries } = resource;
        return {
          total_deliveries,
          successful_deliveries,
          failed_deliveries,
          retry_queue_size,
          pending_deliveries,
        };
      }
      default:
        return resource;
    }
  },
};
