/** From a webhook in the words of the API to an endpoint in those of the dispatcher. */
import { isDeepStrictEqual } from 'node:util';
import type { z } from '@hono/zod-openapi';
import type { EndpointUpdate } from '../core/endpoint-input.ts';
import type { FilterExpression } from '../core/filter.ts';
import type { RetryPolicy } from '../core/retry-policy.ts';
import type { Endpoint } from '../endpoints.ts';
import { type FilterFields, readFilters, showFilters } from './filter-fields.ts';
import { restoreHeaders } from './hidden-headers.ts';
import { mergePatch } from './merge-patch.ts';
import { readInput } from './read-input.ts';
import { toWebhook } from './resource/webhook-resource.ts';
import { keepForPatch, readRetryConfig, showRetryPolicy } from './retry-config.ts';
import { type RetryConfig, webhookInputSchema, webhookPatchSchema, webhookSchema } from './schema/webhook.ts';

export interface WebhookSurroundings {
  readonly filterFields: FilterFields | undefined;
  /** The endpoint that is changed; undefined for a new one. */
  readonly current: Endpoint | undefined;
}

/** Members that only answers have: somebody who sends back what was answered does not mean to set them. */
const READ_ONLY = new Set(
  Object.keys(webhookSchema.shape).filter((key) => !Object.hasOwn(webhookInputSchema.shape, key)),
);
/** Members that are objects, so that a patch goes into them. */
const NESTED = ['filters', 'headers', 'retry_config', 'rate_limit', 'metadata'] as const;

/** A webhook as a whole. Members that are left out stay out of the answer. @throws ApiError that names the member */
export function readWebhook(
  body: Record<string, unknown>,
  surroundings: WebhookSurroundings,
): EndpointUpdate {
  const given = surroundings.current === undefined ? body : withoutReadOnly(body);
  return toUpdate(readInput(webhookInputSchema, given), surroundings);
}

/** A merge patch (RFC 7396) of a webhook. @throws ApiError that names the member */
export function readWebhookPatch(
  body: Record<string, unknown>,
  surroundings: WebhookSurroundings,
): EndpointUpdate {
  const { current, filterFields } = surroundings;
  const patch = withoutReadOnly(body);
  const resource = current === undefined ? undefined : toWebhook(current, filterFields);
  const merged = NESTED.filter((key) => Object.hasOwn(patch, key)).map((key) => {
    const before = key === 'retry_config' ? keepForPatch(resource?.[key], patch[key]) : resource?.[key];
    const value = patch[key] === null ? null : mergePatch(before, patch[key]);
    return [key, value] as const;
  });
  return toUpdate(readInput(webhookPatchSchema, { ...patch, ...Object.fromEntries(merged) }), surroundings);
}

function withoutReadOnly(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !READ_ONLY.has(key)));
}

function toUpdate(
  input: z.output<typeof webhookPatchSchema>,
  surroundings: WebhookSurroundings,
): EndpointUpdate {
  const { url, name, description, secret, ordering, metadata, events, active } = input;
  const update = {
    url,
    name,
    description,
    secret: secret as string | undefined,
    ordering,
    metadata: metadata as EndpointUpdate['metadata'],
    timeoutMs: input.timeout_ms,
    events: events === null ? ['**'] : events,
    status:
      active === undefined ? undefined : active === false ? ('disabled' as const) : ('enabled' as const),
    filter: unlessNull(input.filters, (filters) => readOrKeep(filters, surroundings)),
    headers: unlessNull(input.headers, (headers) => restoreHeaders(headers, surroundings.current?.headers)),
    retry: unlessNull(input.retry_config, (config) => readOrKeepRetry(config, surroundings)),
    rateLimit: unlessNull(input.rate_limit, ({ limit, interval_ms: intervalMs }) => ({ limit, intervalMs })),
  };
  return Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined));
}

/** What is sent back as it was answered stays, also where a caller could not say it. */
function readOrKeep(
  filters: Readonly<Record<string, unknown>>,
  { filterFields, current }: WebhookSurroundings,
): FilterExpression {
  const { filter } = current ?? {};
  const isSame = filter !== undefined && isDeepStrictEqual(filters, showFilters(filter, filterFields));
  return isSame ? filter : readFilters(filters, filterFields);
}

/** The same of retries: an answer can name a function of the application, which a caller cannot. */
function readOrKeepRetry(config: RetryConfig, { current }: WebhookSurroundings): RetryPolicy {
  const { retry } = current ?? {};
  const isSame =
    retry !== undefined && isDeepStrictEqual(toMembers(config), toMembers(showRetryPolicy(retry)));
  return isSame ? retry : readRetryConfig(config);
}

function toMembers(config: RetryConfig): object {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

/** `null` removes a setting, `undefined` leaves it alone. */
function unlessNull<Value, Result>(
  value: Value | null | undefined,
  read: (value: Value) => Result,
): Result | null | undefined {
  return value === null || value === undefined ? (value as null | undefined) : read(value);
}
