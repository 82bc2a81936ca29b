/** Checks what callers give for endpoints; each setting by itself. How they fit together is checked when they are compiled. */
import { z } from 'zod';
import { OptionsError } from '../errors.ts';
import { describeType, describeValue } from './describe-value.ts';
import type { DeliverySettings } from './endpoint.ts';
import { validateAuth } from './endpoint-auth.ts';
import { validateTls } from './endpoint-tls.ts';
import { validateEnvelope } from './envelope.ts';
import { type FilterExpression, validateFilter } from './filter.ts';
import type { FunctionRegistry } from './functions.ts';
import { validateComputedHeaders, validateHeaders } from './header-rules.ts';
import { ID_EXPECTED, isId, isName, NAME_EXPECTED } from './id.ts';
import { type JsonObject, serializeJson } from './json.ts';
import { checkMetadataSize } from './metadata-size.ts';
import { nearest } from './nearest.ts';
import { expecting, parseInput } from './parse-input.ts';
import { checkOperationalPatterns } from './operational-event.ts';
import { isPattern, PATTERN_EXPECTED } from './pattern.ts';
import { validateRetryAfter, validateRetryOn, validateRetryPolicy, validateSuccess } from './retry-policy.ts';
import {
  autoDisable,
  breaker,
  concurrency,
  maxConcurrencyTotal,
  rateLimit,
  timeoutMs,
  verification,
} from './setting-shapes.ts';
import { validateSignatures } from './signature.ts';

/** What `endpoints.create` takes. `Pattern`: what `events` may hold, where the event types are known. */
export interface EndpointInput<Pattern extends string = string> extends DeliverySettings {
  /** Where requests go: `https://…` (or `http://…`), no credentials, no private address. */
  url: string | URL;
  /** Event types and patterns: `['job.completed', 'user.*']`. `*` is one segment, `**` any number, a lone `*` everything. Default: everything. With an event catalog each must cover one of its types. */
  events?: readonly Pattern[] | undefined;
  /** Whose endpoint it is. It gets messages of this tenant only. 1 to 256 characters. Default `'default'`. */
  tenant?: string | undefined;
  /** Your own id; `[A-Za-z0-9_-]{1,256}`. Default: a random one. */
  id?: string | undefined;
  /** Short name for people, at most 256 characters; events and log lines have it. */
  name?: string | undefined;
  /** What it is for, for people; at most 4096 characters. */
  description?: string | undefined;
  /** Small JSON object of yours, at most 16 KiB and 64 levels; named functions see it, requests do not carry it. */
  metadata?: JsonObject | undefined;
  /** Which of the matching messages it gets; see docs/reference/filters.md. */
  filter?: FilterExpression | undefined;
  /** Signing secret; `secrets` for several. Default: generated, unless `secretPolicy` is `optional`. */
  secret?: string | undefined;
  /** Signing secrets, 1 to 10; schemes that can carry several signatures sign with each, others with the first. */
  secrets?: readonly string[] | undefined;
  /** `disabled`: messages for it become `discarded` deliveries. Default `enabled`. */
  status?: 'enabled' | 'disabled' | undefined;
}

/** An input that was checked. */
export interface ValidEndpointInput extends EndpointInput {
  readonly url: string;
}

/** What `endpoints.update` takes: members left out stay, `null` removes a setting. */
export type EndpointUpdate<Pattern extends string = string> = {
  -readonly [Key in keyof Omit<EndpointInput, 'id' | 'tenant'>]?:
    EndpointInput<Pattern>[Key] | (Key extends 'url' | 'events' | 'status' ? never : null) | undefined;
};

const text = (max: number): z.ZodType<string> => z.string().max(max);
const id = z.custom<string>(isId, { error: ID_EXPECTED });

const schema = expecting(
  z.strictObject({
    url: z.union([z.string(), z.instanceof(URL).transform((url) => url.href)]),
    events: expecting(
      z
        .array(z.custom<string>(isPattern, { error: PATTERN_EXPECTED }))
        .min(1)
        .max(1000),
      "a list of 1 to 1000 event types and patterns, such as ['job.*']",
    ).optional(),
    tenant: z.custom<string>(isName, { error: NAME_EXPECTED }).optional(),
    id: id.optional(),
    name: text(256).optional(),
    description: text(4096).optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
    filter: z.unknown().optional(),
    secret: z.unknown().optional(),
    secrets: z.unknown().optional(),
    status: z.enum(['enabled', 'disabled']).optional(),
    envelope: z.unknown().optional(),
    signatures: z.unknown().optional(),
    headers: z.unknown().optional(),
    computedHeaders: z.unknown().optional(),
    auth: z.unknown().optional(),
    tls: z.unknown().optional(),
    retry: z.unknown().optional(),
    success: z.unknown().optional(),
    retryOn: z.unknown().optional(),
    shouldRetry: z.unknown().optional(),
    onGone: z.unknown().optional(),
    retryAfter: z.unknown().optional(),
    timeoutMs: z.unknown().optional(),
    concurrency: z.unknown().optional(),
    rateLimit: z.unknown().optional(),
    maxConcurrencyTotal: z.unknown().optional(),
    breaker: z.unknown().optional(),
    autoDisable: z.unknown().optional(),
    onDisable: z.unknown().optional(),
    ordering: z.unknown().optional(),
    verification: z.unknown().optional(),
  }),
  "an object such as { url: 'https://…' }",
);

/** Names of all members that a caller may give. */
export const ENDPOINT_INPUT_KEYS: readonly string[] = Object.keys(schema.shape);

/**
 * Checks an endpoint given by a caller.
 *
 * @param functions what is registered; undefined: not known here, so every name passes
 * @param path name of the endpoint in messages
 * @throws OptionsError naming the field, what was expected and what came
 */
export function validateEndpointInput(
  raw: unknown,
  functions: FunctionRegistry | undefined,
  path = 'endpoint',
): ValidEndpointInput {
  // A copy, so that what was checked is what is stored, whatever the caller does to the object afterwards.
  const input = structuredCloneOf(parseInput(schema, raw, path), path) as ValidEndpointInput;
  checkSecrets(input, path);
  checkOperationalPatterns(input.events ?? [], `${path}.events`);
  if (input.secret !== undefined && input.secrets !== undefined)
    throw new OptionsError(`${path}.secrets`, `${path}.secrets: give either secret or secrets, not both.`);
  if (input.filter !== undefined)
    validateFilter(input.filter, `${path}.filter`, namesOf(functions, 'filter'));
  if (input.metadata !== undefined)
    checkMetadataSize(serializeJson(input.metadata, `${path}.metadata`), `${path}.metadata`);
  validateDeliverySettings(input, path, functions);
  return input;
}

/** Most secrets that an endpoint can have at a time. */
export const MAX_SECRETS = 10;
const MAX_SECRET_LENGTH = 1024;

/** Not by the schema, whose messages show what came. */
function checkSecrets(
  { secret, secrets }: { readonly secret?: unknown; readonly secrets?: unknown },
  path: string,
): void {
  if (secret !== undefined) checkSecret(secret, `${path}.secret`);
  if (secrets === undefined) return;
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > MAX_SECRETS) {
    const got = Array.isArray(secrets) ? `an array of ${secrets.length}` : describeType(secrets);
    throw new OptionsError(
      `${path}.secrets`,
      `${path}.secrets: expected a list of 1 to ${MAX_SECRETS} secrets, got ${got}.`,
    );
  }
  for (const [index, item] of secrets.entries()) checkSecret(item, `${path}.secrets[${index}]`);
}

/** Checks what holds for secrets of any scheme. @throws OptionsError that shows nothing of it */
export function checkSecret(secret: unknown, path: string): void {
  if (typeof secret === 'string' && secret.length >= 1 && secret.length <= MAX_SECRET_LENGTH) return;
  const got = typeof secret === 'string' ? `${secret.length} characters` : describeType(secret);
  throw new OptionsError(
    path,
    `${path}: expected a secret, a text of 1 to ${MAX_SECRET_LENGTH} characters, got ${got}.`,
  );
}

/** Names of the functions of a kind; undefined when they are not known here. */
function namesOf(
  functions: FunctionRegistry | undefined,
  kind: keyof FunctionRegistry,
): ReadonlySet<string> | undefined {
  return functions === undefined ? undefined : new Set(Object.keys(functions[kind] ?? {}));
}

/**
 * Checks delivery settings of a dispatcher (`path` empty) or an endpoint.
 *
 * @param functions what is registered; undefined: not known here, so every name passes
 */
export function validateDeliverySettings(
  settings: DeliverySettings,
  path: string,
  functions: FunctionRegistry | undefined,
): void {
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const names = (kind: keyof FunctionRegistry): ReadonlySet<string> | undefined => namesOf(functions, kind);
  const check = <Key extends keyof DeliverySettings>(
    key: Key,
    validate: (value: NonNullable<DeliverySettings[Key]>, path: string) => unknown,
  ): void => {
    const value = settings[key];
    if (value !== undefined) validate(value, at(key));
  };
  check('envelope', (value, where) => validateEnvelope(value, where, names('envelope')));
  check('signatures', (value, where) => validateSignatures(value, where, names('signature')));
  check('headers', (value, where) => validateHeaders(value, where));
  check('computedHeaders', (value, where) => validateComputedHeaders(value, where, names('header')));
  check('auth', (value, where) => validateAuth(value, where, names('token')));
  check('tls', (value, where) => validateTls(value, where));
  check('retry', (value, where) => validateRetryPolicy(value, where, names('retryDelay')));
  check('success', validateSuccess);
  check('retryOn', validateRetryOn);
  check('shouldRetry', (value, where) => validateName(value, where, names('shouldRetry')));
  check('onGone', (value, where) => parseInput(z.enum(['disable', 'retry']), value, where));
  check('retryAfter', (value, where) => validateRetryAfter(value, where));
  check('timeoutMs', (value, where) => parseInput(timeoutMs, value, where));
  check('concurrency', (value, where) => parseInput(concurrency, value, where));
  check('rateLimit', (value, where) => value === false || parseInput(rateLimit, value, where));
  check(
    'maxConcurrencyTotal',
    (value, where) => value === false || parseInput(maxConcurrencyTotal, value, where),
  );
  check('breaker', (value, where) => value === false || parseInput(breaker, value, where));
  check('autoDisable', (value, where) => value === false || parseInput(autoDisable, value, where));
  check('onDisable', (value, where) => parseInput(z.enum(['discard', 'hold']), value, where));
  check('ordering', (value, where) => parseInput(z.enum(['none', 'fifo', 'key']), value, where));
  check('verification', (value, where) => value === false || parseInput(verification, value, where));
}

function validateName(value: unknown, path: string, known: ReadonlySet<string> | undefined): void {
  if (typeof value === 'string' && value !== '' && known?.has(value) !== false) return;
  const suggestion = typeof value === 'string' ? nearest(value, [...(known ?? [])]) : undefined;
  const hint =
    suggestion === undefined
      ? `Register it under functions.shouldRetry.`
      : `Did you mean ${JSON.stringify(suggestion)}?`;
  throw new OptionsError(
    path,
    `${path}: expected the name of a registered function, got ${describeValue(value)}. ${hint}`,
  );
}

/** @throws OptionsError for what cannot be copied, such as functions: an endpoint is plain data */
function structuredCloneOf<T>(value: T, path: string): T {
  try {
    return structuredClone(value);
  } catch (cause) {
    throw new OptionsError(
      path,
      `${path}: expected plain data without functions; register functions under the option functions and name them here.`,
      { cause },
    );
  }
}
