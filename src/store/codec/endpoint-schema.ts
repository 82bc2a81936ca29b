/**
 * The shape of stored endpoints: types, not limits. What was accepted once stays readable when a limit changes; what
 * cannot be served is found when the endpoint is compiled.
 */
import { z } from 'zod';
import { DISABLED_REASONS, type EndpointRecord } from '../../core/endpoint.ts';
import type { FilterExpression } from '../../core/filter.ts';
import { ID_EXPECTED, isId } from '../../core/id.ts';
import type { JsonObject } from '../../core/json.ts';
import { ENDPOINT_REASONS } from '../../core/outcome.ts';
import {
  VERIFICATION_KINDS,
  VERIFICATION_REASONS,
  type VerificationState,
} from '../../core/verification-state.ts';

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = <T>(): z.ZodType<T> => z.custom<T>(isObject, { error: 'an object' });

/** One of several shapes, all in one message: those of each would say less. */
const oneOf = <T>(shape: z.ZodType<T>, expected: string): z.ZodType<T> =>
  z.custom<T>((value) => shape.safeParse(value).success, { error: expected });

/** Not z.record, which passes over a member called `__proto__`: that is a valid name of a header. */
const texts = z
  .custom<Record<string, string>>(isObject, { error: 'an object', abort: true })
  .superRefine((members, context) => {
    for (const [name, value] of Object.entries<unknown>(members))
      if (typeof value !== 'string') context.addIssue({ code: 'custom', path: [name], message: 'a string' });
  });
const statusClass = z.enum(['2xx', '3xx', '4xx', '5xx']);

const envelope = z.object({
  name: z.string(),
  idInBody: z.boolean().optional(),
  source: z.string().optional(),
  subject: z.string().optional(),
  field: z.string().optional(),
  contentType: z.string().optional(),
});

const signature = z.object({
  scheme: z.string(),
  header: z.string().optional(),
  prefix: z.string().optional(),
  timestampHeader: z.string().optional(),
});

const retry = z.union([
  z.enum(['default', 'standard-webhooks', 'short', 'once']),
  z.object({
    kind: z.literal('exponential'),
    maxAttempts: z.number(),
    initialDelayMs: z.number(),
    multiplier: z.number().optional(),
    maxDelayMs: z.number().optional(),
    jitter: z.number().optional(),
  }),
  z.object({
    kind: z.literal('schedule'),
    delaysMs: z.array(z.number()),
    jitter: z.number().optional(),
  }),
  z.object({ kind: z.literal('once') }),
  z.object({ kind: z.literal('custom'), name: z.string(), maxAttempts: z.number().optional() }),
]);

const retryRule = z.union([
  statusClass,
  z.number(),
  z.enum(ENDPOINT_REASONS).exclude(['url_refused']),
  z.enum(['network', '*']),
]);

const auth = z.union([
  z.literal(false),
  z.object({ type: z.literal('basic'), username: z.string(), password: z.string() }),
  z.object({ type: z.literal('bearer'), token: z.string() }),
  z.object({
    type: z.literal('oauth2'),
    tokenUrl: z.string(),
    clientId: z.string(),
    clientSecret: z.string(),
    scope: z.string().optional(),
    audience: z.string().optional(),
    clientAuth: z.enum(['basic', 'body']).optional(),
  }),
]);

const tls = z.union([
  z.literal(false),
  z.object({
    cert: z.string().optional(),
    key: z.string().optional(),
    passphrase: z.string().optional(),
    ca: z.string().optional(),
    serverName: z.string().optional(),
  }),
]);

const verificationKind = z.enum(VERIFICATION_KINDS);

const deliverySettings = {
  envelope: oneOf(z.union([z.string(), envelope]), 'the name of an envelope, or { name, … }').optional(),
  signatures: z
    .array(oneOf(z.union([z.string(), signature]), 'the name of a signature scheme, or { scheme, … }'))
    .optional(),
  headers: texts.optional(),
  computedHeaders: texts.optional(),
  auth: oneOf(auth, 'false, or { type, … }').optional(),
  tls: oneOf(tls, 'false, or an object of PEM texts').optional(),
  retry: oneOf(retry, 'the name of a retry preset, or { kind, … }').optional(),
  success: z.array(oneOf(z.union([statusClass, z.number()]), "a status, or '2xx' to '5xx'")).optional(),
  retryOn: z.array(oneOf(retryRule, "a status, '2xx' to '5xx', a reason, 'network' or '*'")).optional(),
  shouldRetry: z.string().optional(),
  onGone: z.enum(['disable', 'retry']).optional(),
  retryAfter: oneOf(
    z.union([z.literal(false), z.object({ maxMs: z.number(), blockOn: z.array(z.number()) })]),
    'false, or { maxMs, blockOn }',
  ).optional(),
  timeoutMs: z.number().optional(),
  concurrency: z.number().optional(),
  rateLimit: oneOf(
    z.union([z.literal(false), z.object({ limit: z.number(), intervalMs: z.number() })]),
    'false, or { limit, intervalMs }',
  ).optional(),
  maxConcurrencyTotal: oneOf(z.union([z.literal(false), z.number()]), 'false, or a number').optional(),
  breaker: oneOf(
    z.union([
      z.literal(false),
      z.object({
        failureShare: z.number().optional(),
        minAttempts: z.number().optional(),
        windowMs: z.number().optional(),
        openMs: z.number().optional(),
        maxOpenMs: z.number().optional(),
      }),
    ]),
    'false, or { failureShare, minAttempts, windowMs, openMs, maxOpenMs }',
  ).optional(),
  autoDisable: oneOf(
    z.union([
      z.literal(false),
      z.object({ afterMs: z.number().optional(), failingAfterMs: z.number().optional() }),
    ]),
    'false, or { afterMs, failingAfterMs }',
  ).optional(),
  onDisable: z.enum(['discard', 'hold']).optional(),
  ordering: z.enum(['none', 'fifo', 'key']).optional(),
  verification: oneOf(
    z.union([z.literal(false), verificationKind]),
    'false, "challenge" or "handshake"',
  ).optional(),
};

const verificationState = z.object({
  kind: verificationKind,
  url: z.string(),
  checks: z.int().min(0),
  nextCheckAt: z.number().optional(),
  verifiedAt: z.number().optional(),
  allowedRate: z.int().min(1).optional(),
  failure: z
    .object({
      at: z.number(),
      reason: z.enum(VERIFICATION_REASONS),
      detail: z.string(),
      status: z.number().optional(),
    })
    .optional(),
});

const secret = z.object({
  value: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  standby: z.literal(true).optional(),
});

const schema = z.object({
  ...deliverySettings,
  id: z.custom<string>(isId, { error: ID_EXPECTED }),
  tenant: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  filter: objectOf<FilterExpression>().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  metadata: objectOf<JsonObject>().optional(),
  secrets: z.array(secret),
  status: z.enum(['enabled', 'disabled']),
  disabledReason: z.enum(DISABLED_REASONS).optional(),
  held: z.boolean().optional(),
  failing: z.literal(true).optional(),
  verificationState: verificationState.optional(),
  lane: z.string().optional(),
  hidden: z.literal(true).optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  revision: z.number(),
});

/** A type with all of its members, however deep, needed and writable: neither shows in JSON. */
type Bare<T> = T extends readonly (infer Item)[]
  ? Bare<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Bare<Exclude<T[Key], undefined>> }
    : T;
type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compile-time proof that the schema is that of the type: fails when either has a member that the other lacks. */
type SchemaFits = IsSame<Bare<EndpointRecord>, Bare<z.output<typeof schema>>>;
true satisfies SchemaFits;

/** Accepts the verification state of stored endpoints. */
export const verificationStateSchema = verificationState as z.ZodType<VerificationState>;

/** Accepts stored endpoints. For checking only: its output lacks members that it does not know. */
export const endpointSchema = schema as z.ZodType<EndpointRecord>;
