/** Endpoints for people. */
import type { WebhookResource } from '../http/index.ts';
import { formatFields, formatTable } from './output/format-table.ts';
import { formatDuration, formatTime } from './output/format-time.ts';
import type { Output } from './output/output.ts';

/** A word for how it stands. */
function stateOf(webhook: WebhookResource): string {
  if (!webhook.active)
    return `disabled${webhook.disabled_reason === undefined ? '' : ` (${webhook.disabled_reason})`}`;
  if (webhook.paused) return 'paused';
  if (webhook.blocked_reason !== undefined)
    return `blocked (${webhook.blocked_reason === 'breaker' ? 'circuit breaker' : 'Retry-After'})`;
  return 'active';
}

export function describeEndpoints(webhooks: readonly WebhookResource[], output: Output): string {
  if (webhooks.length === 0) return 'No endpoints. Add one: posthorn add https://example.com/hooks';
  return formatTable(webhooks, [
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: '', cell: ({ active }) => (active ? '✓' : '✗') },
    { heading: 'ID', cell: ({ id }) => id },
    { heading: 'URL', cell: ({ url }) => url },
    { heading: 'EVENTS', cell: ({ events }) => describeEvents(events) },
    { heading: 'SUCCESS', cell: (webhook) => webhook.successful_deliveries },
    { heading: 'FAILURES', cell: (webhook) => webhook.failed_deliveries },
    { heading: 'LAST TRIGGERED', cell: (webhook) => formatTime(webhook.last_triggered_at) ?? 'never' },
    { heading: 'STATE', cell: stateOf },
  ]).replace(/^.*/, (heading) => output.tone('strong', heading));
}

export function describeEndpoint(webhook: WebhookResource): string {
  return formatFields([
    ['Name', webhook.name],
    ['ID', webhook.id],
    ['URL', webhook.url],
    ['State', stateOf(webhook)],
    ['Blocked until', formatTime(webhook.blocked_until)],
    ['Events', describeEvents(webhook.events)],
    ['Filter', asJson(webhook.filters)],
    ['Headers', describeHeaders(webhook.headers)],
    ['Retries', asJson(webhook.retry_config) ?? 'as the application says'],
    ['Timeout', webhook.timeout_ms === undefined ? undefined : formatDuration(webhook.timeout_ms)],
    ['Rate limit', describeRate(webhook.rate_limit)],
    ['Ordering', webhook.ordering],
    ['Metadata', asJson(webhook.metadata)],
    ['Secrets', describeSecrets(webhook.secrets)],
    ['Success', webhook.successful_deliveries],
    ['Failures', webhook.failed_deliveries],
    ['Failures in a row', webhook.consecutive_failures],
    ['Last triggered', formatTime(webhook.last_triggered_at) ?? 'never'],
    ['Description', webhook.description],
    ['Created', formatTime(webhook.created_at)],
    ['Changed', formatTime(webhook.updated_at)],
    ['Revision', webhook.revision],
  ]);
}

function describeEvents(events: readonly string[]): string {
  return events.length === 1 && events[0] === '**' ? 'all' : events.join(', ');
}

function describeHeaders(headers: Readonly<Record<string, string>> | undefined): string | undefined {
  if (headers === undefined) return undefined;
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}

function describeRate(rate: WebhookResource['rate_limit']): string | undefined {
  return rate === undefined ? undefined : `${rate.limit} in ${formatDuration(rate.interval_ms)}`;
}

function describeSecrets(secrets: WebhookResource['secrets']): string {
  if (secrets.length === 0) return 'none: requests are not signed';
  return secrets
    .map(({ hint, expires_at: end }) => `…${hint}${end === undefined ? '' : ` until ${formatTime(end)}`}`)
    .join(', ');
}

function asJson(value: object | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
