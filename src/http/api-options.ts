import { z } from '@hono/zod-openapi';
import { type Clock, systemClock } from '../clock.ts';
import type { RateLimit } from '../core/endpoint.ts';
import { rateLimitSchema } from '../core/setting-shapes.ts';
import { parseInput } from '../core/parse-input.ts';
import type { WebhookDispatcher } from '../dispatcher.ts';
import { OptionsError } from '../errors.ts';
import type { Logger } from '../lifecycle-events.ts';
import type { AcceptWebhook, PresentResource } from './contract.ts';
import { checkFilterFields, type FilterFields } from './filter-fields.ts';
import type { Authorize } from './principal.ts';

/** Options of `createWebhookApi`. All but `authorize` are optional; unknown keys are errors. */
export interface WebhookApiOptions {
  /** Says who is calling, whose webhooks they see, and what they may do; `bearerKeys` makes one of API keys. */
  authorize: Authorize;
  /** Where the routes begin: `'/api'` for `/api/webhooks`. Empty: at `/webhooks`. Default `'/api'`. */
  basePath?: string | undefined;
  /**
   * Origins of other sites whose pages may call: `['https://admin.example.com']`. Calls that change something and that a browser
   * makes for any other site are refused. Default: none, only pages of the own host may.
   */
  allowedOrigins?: readonly string[] | undefined;
  /** Largest body of a request, in bytes. At least 1. Default 524288 (512 KiB). */
  maxBodyBytes?: number | undefined;
  /** How often a tenant may test webhooks, and may try deliveries again, in this process. */
  rateLimits?: ApiRateLimits | undefined;
  /** Reads the body that creates or changes a webhook, in a contract of your own. Default: the built-in one. */
  accept?: AcceptWebhook | undefined;
  /** Makes of each answer what your callers expect. Default: the built-in shape. */
  present?: PresentResource | undefined;
  /** Words of your own for filters: `{ machine_ids: { path: 'data.machine_id', op: '$glob' } }`. Default: filters of the dispatcher. */
  filterFields?: FilterFields | undefined;
  /** Where it is told who changed what, and what went wrong here. Default: nowhere. */
  logger?: Logger | undefined;
  /** Source of time. Default: the system's. */
  clock?: Clock | undefined;
}

/** Limits for each tenant and process. */
export interface ApiRateLimits {
  /** Tests of webhooks. Default 10 per minute. `false`: no limit. */
  test?: RateLimit | false | undefined;
  /** Retries of a delivery or of all that failed. Default 30 per minute. `false`: no limit. */
  replay?: RateLimit | false | undefined;
}

/** The only place where numbers of the API live. */
export const API_DEFAULTS = {
  basePath: '/api',
  maxBodyBytes: 512 * 1024,
  rateLimits: {
    test: { limit: 10, intervalMs: 60_000 },
    replay: { limit: 30, intervalMs: 60_000 },
  },
} as const;

/** Options with every default filled in. */
export interface ResolvedApiOptions {
  readonly authorize: Authorize;
  readonly basePath: string;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly maxBodyBytes: number;
  readonly rateLimits: { readonly test: RateLimit | false; readonly replay: RateLimit | false };
  readonly accept: AcceptWebhook | undefined;
  readonly present: PresentResource | undefined;
  readonly filterFields: FilterFields | undefined;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
}

const functionOf = <T>(error: string): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === 'function', { error });
const limit = z.union([rateLimitSchema, z.literal(false)]);

const shape = {
  authorize: z.unknown().optional(),
  basePath: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)*$/, "a path like '/api', without a slash at its end, or empty")
    .optional(),
  allowedOrigins: z
    .array(z.custom<string>(isOrigin, { error: "an origin like 'https://admin.example.com'" }))
    .optional(),
  maxBodyBytes: z.number().int().min(1).optional(),
  rateLimits: z.strictObject({ test: limit.optional(), replay: limit.optional() }).optional(),
  accept: functionOf<AcceptWebhook>('a function (body, context) => endpoint input').optional(),
  present: functionOf<PresentResource>('a function (resource, kind) => JSON').optional(),
  filterFields: z.unknown().optional(),
  logger: z.custom<Logger>((value) => hasMethods(value, 'info', 'error'), { error: 'a logger' }).optional(),
  clock: z.custom<Clock>((value) => hasMethods(value, 'now', 'elapsed'), { error: 'a clock' }).optional(),
} satisfies Record<keyof WebhookApiOptions, z.ZodType>;
const schema = z.strictObject(shape);

/** @throws OptionsError naming the option, what was expected and what came */
export function resolveApiOptions(dispatcher: WebhookDispatcher, raw: WebhookApiOptions): ResolvedApiOptions {
  if (typeof (dispatcher as Partial<WebhookDispatcher> | undefined)?.endpoints?.create !== 'function')
    throw new OptionsError('dispatcher', 'dispatcher: expected a WebhookDispatcher as the first argument.');
  const options = parseInput(schema, raw ?? {}, '');
  if (typeof options.authorize !== 'function')
    throw new OptionsError(
      'authorize',
      'authorize: expected a function (request) => ({ id, tenant, scopes }) that says who may do what; without it everybody could. ' +
        'bearerKeys([…]) makes one of API keys.',
    );
  return Object.freeze({
    authorize: options.authorize as Authorize,
    basePath: options.basePath ?? API_DEFAULTS.basePath,
    allowedOrigins: new Set(options.allowedOrigins ?? []),
    maxBodyBytes: options.maxBodyBytes ?? API_DEFAULTS.maxBodyBytes,
    rateLimits: {
      test: options.rateLimits?.test ?? API_DEFAULTS.rateLimits.test,
      replay: options.rateLimits?.replay ?? API_DEFAULTS.rateLimits.replay,
    },
    accept: options.accept,
    present: options.present,
    filterFields: options.filterFields === undefined ? undefined : checkFilterFields(options.filterFields),
    logger: options.logger,
    clock: options.clock ?? systemClock,
  });
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function');
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;
}
