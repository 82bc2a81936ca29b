/** The recipe: everything that makes Posthorn the webhooks of this service. */
import { type DispatcherOptions, type QueryFunction, WebhookDispatcher } from 'posthorn';
import { bearerKeys, type WebhookApiOptions } from 'posthorn/http';
import { sqlStore } from 'posthorn/sql';
import type { Pool } from 'pg';
import { catalog, type Events, type EventType } from './events.ts';
import type { Settings } from './settings.ts';

/** How this service sends webhooks. */
export function webhookOptions(settings: Settings): DispatcherOptions<Events> {
  return {
    events: catalog,
    maxConcurrency: settings.concurrency,
    maxRate: { limit: settings.rateLimit, intervalMs: 1_000 },
    // The body is { id, type, timestamp, data }: its id is what receivers tell repetitions by.
    envelope: { name: 'standard', idInBody: true },
    // X-Webhook-Timestamp, and X-Webhook-Signature over it and the body, made anew for each attempt.
    signatures: ['timestamped-hex'],
    timeoutMs: 30_000,
    retry: settings.retryDelaysMs && { kind: 'schedule', delaysMs: settings.retryDelaysMs },
    leaseMs: settings.leaseMs,
    // Heard of by `alert.raised`, in server.ts.
    alerts: { successRate: { below: 0.95 }, backlog: { above: 10_000 } },
    network: { allowPrivate: settings.allowPrivate },
  };
}

/**
 * The webhooks live in the database of the service, in tables that Posthorn makes.
 *
 * @param role `{ deliver: false }` for a process that only triggers events, and leaves sending to others
 */
export function createWebhooks(
  pool: Pool,
  settings: Settings,
  role: Pick<DispatcherOptions, 'deliver'> = {},
): WebhookDispatcher<Events> {
  const { secretsKey } = settings;
  const encryption = secretsKey === undefined ? undefined : { current: 'env', keys: { env: secretsKey } };
  return new WebhookDispatcher({
    ...webhookOptions(settings),
    ...role,
    store: sqlStore(pool, { encryption }),
  });
}

/** An event of the service. */
export interface TriggeredEvent<Type extends EventType> {
  readonly eventType: Type;
  /** Whose webhooks hear of it. */
  readonly userId: string;
  readonly data: Events[Type];
  /** Stores the event in a transaction of the caller. */
  readonly transaction?: QueryFunction | undefined;
}

/** What the rest of the service calls. A user is a tenant: no webhook of anybody else hears of it. */
export interface WebhookService {
  triggerEvent<Type extends EventType>(event: TriggeredEvent<Type>): Promise<{ readonly id: string }>;
}

export function createWebhookService(webhooks: WebhookDispatcher<Events>): WebhookService {
  return {
    triggerEvent: ({ eventType, userId, data, transaction }) =>
      transaction === undefined
        ? webhooks.emit(eventType, data, { tenant: userId })
        : webhooks.emit(eventType, data, { tenant: userId, transaction }),
  };
}

/** The REST API, for the bearer keys of users. */
export function webhookApiOptions(
  findUser: (keySha256: string) => Promise<{ readonly id: string } | undefined>,
): WebhookApiOptions {
  return {
    authorize: bearerKeys(async (sha256) => {
      const user = await findUser(sha256);
      return user && { id: user.id, tenant: user.id, scopes: ['read', 'write', 'secrets'] };
    }),
  };
}
