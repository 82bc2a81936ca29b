import { z } from 'zod';
import type { Clock, Random } from './clock.ts';
import { describeValue } from './core/describe-value.ts';
import { rateLimitSchema } from './core/setting-shapes.ts';
import { DELIVERY_SETTING_KEYS } from './core/endpoint.ts';
import { expecting } from './core/parse-input.ts';
import { ENVELOPE_NAMES } from './core/envelope.ts';
import type { FunctionRegistry } from './core/functions.ts';
import { HIDDEN_ID_PREFIX, ID_PREFIX_EXPECTED, isIdPrefix } from './core/id.ts';
import { COMPUTED_HEADERS } from './core/header-rules.ts';
import { SIGNATURE_NAMES } from './core/signature.ts';
import type { TraceContextHook } from './engine/message-factory.ts';
import type { TestMessageFunction } from './engine/test-message.ts';
import { OptionsError } from './errors.ts';
import type { Logger } from './lifecycle-events.ts';
import type { EventAdapter } from './sources/event-adapter.ts';
import type { Store } from './store/store.ts';
import type { LookupFunction, Transport } from './transport/transport.ts';

const count = (minimum: number): z.ZodType<number> => z.number().int().min(minimum);
const duration = (minimum: number): z.ZodType<number> => z.number().min(minimum);
const methods = <T>(...names: (keyof T & string)[]): z.ZodType<T> =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
    {
      error: `an object with the methods ${names.join(', ')}`,
    },
  );

const functionsOf = z
  .record(
    z.string(),
    z.custom<never>((value) => typeof value === 'function', { error: 'a function' }),
  )
  .optional();

const idPrefix = z.custom<string>(isIdPrefix, { error: ID_PREFIX_EXPECTED });

/** The shape of options; delivery settings are checked one by one elsewhere. */
export const optionsShape = {
  ...(Object.fromEntries(DELIVERY_SETTING_KEYS.map((key) => [key, z.unknown().optional()])) as Record<
    (typeof DELIVERY_SETTING_KEYS)[number],
    z.ZodOptional<z.ZodUnknown>
  >),
  events: z.unknown().optional(),
  store: methods<Store>('open', 'append', 'claimDue', 'settle').optional(),
  transport: methods<Transport>('open', 'send', 'close').optional(),
  network: z
    .strictObject({
      allowPrivate: expecting(z.array(z.string()), "an array of ranges such as ['127.0.0.0/8']").optional(),
      allowHosts: z.array(z.string()).optional(),
      requireHttps: z.boolean().optional(),
      proxy: z.unknown().optional(),
      lookup: z
        .custom<LookupFunction>((value) => typeof value === 'function', { error: 'a function' })
        .optional(),
    })
    .optional(),
  functions: z
    .strictObject({
      envelope: functionsOf,
      signature: functionsOf,
      header: functionsOf,
      token: functionsOf,
      filter: functionsOf,
      shouldRetry: functionsOf,
      retryDelay: functionsOf,
    })
    .optional(),
  ids: z
    .strictObject({
      endpoint: idPrefix
        .refine(
          (prefix) => !prefix.startsWith(HIDDEN_ID_PREFIX),
          `no prefix that begins with ${HIDDEN_ID_PREFIX}`,
        )
        .optional(),
      message: idPrefix.optional(),
    })
    .optional(),
  testMessage: z
    .custom<TestMessageFunction>((value) => typeof value === 'function', { error: 'a function' })
    .optional(),
  handshakeOrigin: z.unknown().optional(),
  userAgent: z.string().optional(),
  secretPolicy: z.enum(['generate', 'optional']).optional(),
  deliver: z.boolean().optional(),
  maxConcurrency: count(1).optional(),
  maxRate: rateLimitSchema.optional(),
  maxEndpointsPerTenant: z.union([count(1), z.literal(Infinity)]).optional(),
  alerts: z
    .strictObject({
      successRate: z
        .strictObject({
          below: z.number().gt(0).max(1),
          windowMs: z.number().min(60_000).max(86_400_000).optional(),
          minAttempts: count(1).optional(),
        })
        .optional(),
      backlog: z.strictObject({ above: count(0) }).optional(),
    })
    .optional(),
  maxPayloadBytes: z.union([count(1), z.literal(Infinity)]).optional(),
  maxResponseBodyBytes: count(0).optional(),
  idempotencyWindowMs: z.union([duration(0), z.literal(Infinity)]).optional(),
  emitTimeoutMs: z.union([duration(0), z.literal(Infinity)]).optional(),
  retention: z
    .strictObject({
      succeededMs: z.union([duration(0), z.literal(Infinity)]).optional(),
      unsuccessfulMs: z.union([duration(0), z.literal(Infinity)]).optional(),
    })
    .optional(),
  leaseMs: duration(1000).optional(),
  pollIntervalMs: duration(10).optional(),
  traceContext: z
    .custom<TraceContextHook>((value) => typeof value === 'function', { error: 'a function' })
    .optional(),
  eventAdapter: z
    .custom<EventAdapter>((value) => typeof value === 'function', { error: 'a function' })
    .optional(),
  logger: methods<Logger>('debug', 'info', 'warn', 'error').optional(),
  clock: methods<Clock>('now', 'elapsed', 'setTimer', 'defer').optional(),
  random: methods<Random>('fraction', 'bytes').optional(),
};

/** What the application works with its database by, told by its methods, and what `sqlStore` is called with. */
const DATABASE_CLIENTS: readonly (readonly [what: string, argument: string, ...methods: string[]])[] = [
  ['a Kysely instance', 'db', 'withoutPlugins', 'executeQuery'],
  ['a database object', 'db', 'prepare', 'exec'],
  ['a database object', 'db', 'transaction', 'listen', 'query'],
  ['a pool', 'pool', 'getConnection'],
  ['a pool', 'pool', 'connect', 'query', 'end'],
];

function refuseDatabaseClient(store: unknown): void {
  const has = (name: string): boolean =>
    typeof (store as Readonly<Record<string, unknown>> | null | undefined)?.[name] === 'function';
  if (has('claimDue')) return;
  const [what, argument] = DATABASE_CLIENTS.find(([, , ...methods]) => methods.every(has)) ?? [];
  if (what === undefined) return;
  throw new OptionsError(
    'store',
    `store: expected a store, got ${what}. Did you mean sqlStore(${argument}) of posthorn/sql?`,
  );
}

/** Values that look right, and say with them what was meant: the schema could only say that they are of another type. */
export function refuseLikelyMistakes(raw: object): void {
  const { store, retention } = Object(raw) as { readonly store?: unknown; readonly retention?: unknown };
  if (typeof store === 'string') {
    const isDatabase = /^[a-z]+:|\.(db|sqlite3?)$/i.test(store);
    // Of a URL nothing is shown: it may hold a password.
    const meant = isDatabase
      ? 'sqlStore(…) of posthorn/sql'
      : `fileStore('${store.slice(0, 100)}') of posthorn/file`;
    throw new OptionsError('store', `store: expected a store, got a string. Did you mean ${meant}?`);
  }
  const mistake =
    typeof store === 'function'
      ? "a function. Call it, as in store: fileStore('./webhooks')."
      : typeof (store as { then?: unknown } | null | undefined)?.then === 'function'
        ? 'a promise. Await it before you give it.'
        : undefined;
  if (mistake !== undefined) throw new OptionsError('store', `store: expected a store, got ${mistake}`);
  refuseDatabaseClient(store);
  if (retention === false || typeof retention === 'number')
    throw new OptionsError(
      'retention',
      `retention: expected an object, got ${describeValue(retention)}. ` +
        'To keep everything, write { succeededMs: Infinity, unsuccessfulMs: Infinity }.',
    );
}

/** Built-ins win over functions of the same name, so such a function would never run. */
export function checkFunctionNames(functions: FunctionRegistry): void {
  const builtIn: Partial<Record<keyof FunctionRegistry, readonly string[]>> = {
    envelope: ENVELOPE_NAMES,
    signature: SIGNATURE_NAMES,
    header: Object.keys(COMPUTED_HEADERS),
  };
  for (const [kind, taken] of Object.entries(builtIn)) {
    const name = Object.keys(functions[kind as keyof FunctionRegistry] ?? {}).find((given) =>
      taken.includes(given),
    );
    if (name === undefined) continue;
    const path = `functions.${kind}.${name}`;
    throw new OptionsError(
      path,
      `${path}: ${JSON.stringify(name)} is built in and cannot be replaced. Register the function under another name.`,
    );
  }
}
