/** How ImgGo sends its webhooks. This is what had to be configured; everything else is ImgGo. */
import type { DispatcherOptions, WebhookDispatcher } from 'posthorn';
import { type Authorize, createWebhookApi, type WebhookApi, type WebhookApiOptions } from 'posthorn/http';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What the dispatcher is given, beside its store. */
export const webhookOptions = {
  envelope: 'raw', // the body is the data and nothing around it
  signatures: [{ scheme: 'hex', header: 'X-ImgGo-Signature' }],
  success: [200],
  retry: {
    kind: 'schedule',
    delaysMs: [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 60 * MINUTE], // six attempts in all
    jitter: 0,
  },
  // Customers are promised these times, whatever their servers answer.
  retryAfter: false,
  breaker: false,
  onGone: 'retry',
  network: { requireHttps: true },
  alerts: { successRate: { below: 0.95, windowMs: 15 * MINUTE, minAttempts: 20 } },
} as const satisfies DispatcherOptions;

/** What a webhook gets that was registered without `events`: `job.queued` is for those who ask for it. */
const USUAL_EVENTS = ['job.completed', 'job.failed'];

/** `/api/webhooks` for customers: each has a key, and sees its own webhooks alone. */
export function createImgGoApi(
  webhooks: WebhookDispatcher,
  authorize: Authorize,
  options: Partial<WebhookApiOptions> = {},
): WebhookApi {
  return createWebhookApi(webhooks, {
    authorize,
    accept: (body, { read, method }) =>
      read(method === 'PATCH' || body['events'] !== undefined ? body : { ...body, events: USUAL_EVENTS }),
    ...options,
  });
}
