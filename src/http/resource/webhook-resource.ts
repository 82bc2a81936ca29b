/** From what the dispatcher says of an endpoint to what the API says of a webhook. */
import type { CreatedEndpoint, Endpoint, RotatedSecret } from '../../endpoints.ts';
import { type FilterFields, showFilters } from '../filter-fields.ts';
import { hideHeaders } from '../hidden-headers.ts';
import { showRetryPolicy } from '../retry-config.ts';
import type { CreatedWebhookResource, RotatedSecretResource, WebhookResource } from '../schema/webhook.ts';

export function toWebhook(endpoint: Endpoint, fields: FilterFields | undefined): WebhookResource {
  const { filter, headers, retry, rateLimit } = endpoint;
  return {
    id: endpoint.id,
    name: endpoint.name,
    description: endpoint.description,
    url: endpoint.url,
    events: [...endpoint.events],
    filters: filter === undefined ? undefined : showFilters(filter, fields),
    headers: headers === undefined ? undefined : hideHeaders(headers),
    active: endpoint.status === 'enabled',
    disabled_reason: endpoint.disabledReason,
    paused: endpoint.paused,
    blocked_until: endpoint.blockedUntil,
    blocked_reason: endpoint.blockedReason,
    retry_config: retry === undefined ? undefined : showRetryPolicy(retry),
    timeout_ms: endpoint.timeoutMs,
    rate_limit:
      rateLimit === undefined || rateLimit === false
        ? undefined
        : { limit: rateLimit.limit, interval_ms: rateLimit.intervalMs },
    ordering: endpoint.ordering,
    metadata: endpoint.metadata,
    secrets: endpoint.secrets.map(({ hint, createdAt, expiresAt, publicKey }) => ({
      hint,
      created_at: createdAt,
      expires_at: expiresAt,
      public_key: publicKey,
    })),
    successful_deliveries: endpoint.succeeded,
    failed_deliveries: endpoint.failed,
    consecutive_failures: endpoint.consecutiveFailures,
    last_triggered_at: endpoint.lastTriggeredAt,
    created_at: endpoint.createdAt,
    updated_at: endpoint.updatedAt,
    revision: endpoint.revision,
  };
}

/** @param mayTell the caller may be told the secret, and did not give it itself */
export function toCreatedWebhook(
  endpoint: CreatedEndpoint,
  fields: FilterFields | undefined,
  mayTell: boolean,
): CreatedWebhookResource {
  return {
    ...toWebhook(endpoint, fields),
    secret: mayTell ? endpoint.secret : undefined,
    public_key: endpoint.publicKey,
  };
}

export function toRotatedSecret({ endpoint, ...rotated }: RotatedSecret): RotatedSecretResource {
  const { previousExpiresAt } = rotated;
  return {
    webhook_id: endpoint.id,
    secret: rotated.secret,
    public_key: rotated.publicKey,
    // JSON has no Infinity: absent is never.
    previous_expires_at: previousExpiresAt === Infinity ? undefined : previousExpiresAt,
    signs_with: rotated.signsWith.map(({ scheme, with: secrets }) => ({ scheme, with: secrets })),
  };
}
