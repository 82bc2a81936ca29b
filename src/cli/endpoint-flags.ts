/** The options that describe an endpoint, of `add` and `update`. */
import type { Command } from 'commander';
import type { WebhookInput } from '../http/index.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';
import { countFlag, durationFlag, headerFlag, jsonFlag, jsonObjectFlag, rateFlag } from './flag-values.ts';

export interface EndpointFlags {
  readonly description?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly filter?: Record<string, unknown>;
  readonly secret?: string;
  readonly retry?: unknown;
  readonly maxAttempts?: number;
  readonly timeout?: number;
  readonly rateLimit?: { readonly limit: number; readonly interval_ms: number };
  readonly ordering?: 'none' | 'fifo' | 'key';
  readonly metadata?: Record<string, unknown>;
}

const PRESETS = ['default', 'standard-webhooks', 'short', 'once'];

export function addEndpointFlags(command: Command): void {
  command
    .option('--description <text>', 'what it is for')
    .option('--header <name: value>', 'a header with a fixed value; may be repeated', headerFlag)
    .option('--filter <json>', `which messages it gets: '{"data.total":{"$gt":100}}'`, jsonObjectFlag)
    .option('--secret <secret>', 'signing secret (default: generated)')
    .option(
      '--retry <preset|json>',
      `${PRESETS.join(', ')}, or JSON: '{"max_attempts":5,"initial_delay_ms":1000}'`,
      readRetry,
    )
    .option('--max-attempts <n>', 'attempts in all, the first included, with growing delays', countFlag(1000))
    .option('--timeout <duration>', 'time for one attempt: 10s', durationFlag)
    .option('--rate-limit <n/duration>', 'most attempts in a time: 100/1m', rateFlag)
    .option('--ordering <order>', 'none, fifo (one after the other) or key (so for each ordering key)')
    .option('--metadata <json>', 'a small JSON object of yours', jsonObjectFlag);
}

/** What the API calls them; those that are not given are left out. */
export function toWebhookInput(flags: EndpointFlags): Partial<WebhookInput> {
  if (flags.retry !== undefined && flags.maxAttempts !== undefined)
    throw new CliError(EXIT_CODE.wrongUse, '--retry and --max-attempts exclude each other.');
  const retry = flags.maxAttempts === undefined ? flags.retry : { max_attempts: flags.maxAttempts };
  const input = {
    description: flags.description,
    headers: flags.header,
    filters: flags.filter,
    secret: flags.secret,
    retry_config: retry as WebhookInput['retry_config'],
    timeout_ms: flags.timeout,
    rate_limit: flags.rateLimit,
    ordering: flags.ordering,
    metadata: flags.metadata,
  };
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

function readRetry(text: string): unknown {
  return /^[{[]/.test(text.trim()) ? jsonFlag(text) : { preset: text };
}
