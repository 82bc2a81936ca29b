/** From the options that callers give to options with nothing missing. The only reader of raw options. */
import { z } from 'zod';
import type { Clock, Random } from './clock.ts';
import { createSystemRandom, systemClock } from './clock.ts';
import type { AlertOptions } from './core/alerts.ts';
import { type AddressPolicy, createAddressPolicy } from './core/address-policy.ts';
import { fitHeaders } from './core/delivery-headers.ts';
import { pickDeliverySettings, type RateLimit, type ResolvedDeliverySettings } from './core/endpoint.ts';
import { validateDeliverySettings } from './core/endpoint-input.ts';
import { checkCatalog, type EventCatalog } from './core/event-catalog.ts';
import { type ForwardProxy, parseForwardProxy } from './core/forward-proxy.ts';
import type { FunctionRegistry } from './core/functions.ts';
import { validateHeaderValue } from './core/header-rules.ts';
import { parseInput } from './core/parse-input.ts';
import { checkPolicyBounds } from './core/policy-bounds.ts';
import { requireOrigin, validateOrigin } from './core/webhook-handshake.ts';
import type { AlertRules } from './engine/alerts.ts';
import type { TraceContextHook } from './engine/message-factory.ts';
import type { TestMessageFunction } from './engine/test-message.ts';
import type { Logger } from './lifecycle-events.ts';
import { DEFAULTS, type DispatcherOptions } from './options.ts';
import { checkFunctionNames, optionsShape, refuseLikelyMistakes } from './options-schema.ts';
import { type EventAdapter, readTypedEvent } from './sources/event-adapter.ts';
import type { LookupFunction, Transport } from './transport/transport.ts';
import type { Retention, Store } from './store/store.ts';

/** Options with every default filled in, checked and frozen. */
export interface ResolvedOptions {
  readonly events: EventCatalog | undefined;
  readonly store: Store | undefined;
  readonly transport: Transport | undefined;
  readonly addressPolicy: AddressPolicy;
  readonly requireHttps: boolean;
  readonly proxy: ForwardProxy | undefined;
  readonly lookup: LookupFunction | undefined;
  readonly functions: FunctionRegistry;
  readonly handshakeOrigin: string | undefined;
  readonly ids: Readonly<Record<'endpoint' | 'message', string>>;
  readonly testMessage: TestMessageFunction | undefined;
  readonly userAgent: string;
  readonly secretPolicy: 'generate' | 'optional';
  readonly deliver: boolean;
  readonly maxConcurrency: number;
  readonly maxRate: RateLimit | undefined;
  readonly maxEndpointsPerTenant: number;
  readonly alerts: AlertRules;
  readonly maxPayloadBytes: number;
  readonly maxResponseBodyBytes: number;
  readonly idempotencyWindowMs: number;
  readonly emitTimeoutMs: number;
  readonly retention: Retention;
  readonly leaseMs: number;
  readonly pollIntervalMs: number;
  readonly traceContext: TraceContextHook | undefined;
  readonly eventAdapter: EventAdapter;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Settings of endpoints that have none of their own. */
  readonly delivery: ResolvedDeliverySettings;
}

/** The schema knows the options of the type and no others. */
const shape: Readonly<Record<keyof DispatcherOptions, z.ZodType>> &
  Readonly<Record<Exclude<keyof typeof optionsShape, keyof DispatcherOptions>, never>> = optionsShape;
const schema = z.strictObject(shape);

/** Package version, for the `user-agent` header; the export test compares it with package.json. */
export const VERSION = '0.1.0';

/**
 * Checks options, and fills in what is missing.
 *
 * @throws OptionsError naming the field, what was expected and what came
 */
export function resolveOptions(raw: object = {}): ResolvedOptions {
  refuseLikelyMistakes(raw);
  const options = parseInput(schema, raw, '') as DispatcherOptions;
  const functions = options.functions ?? {};
  checkFunctionNames(functions);
  const given = pickDeliverySettings(options);
  validateDeliverySettings(given, '', functions);
  checkPolicyBounds(given, DEFAULTS, '');
  const userAgent = options.userAgent ?? `Posthorn/${VERSION}`;
  validateHeaderValue('user-agent', userAgent, 'userAgent');
  if (options.handshakeOrigin !== undefined) validateOrigin(options.handshakeOrigin, 'handshakeOrigin');
  const delivery = { ...deliveryDefaults(), ...given };
  requireOrigin(delivery, options.handshakeOrigin, 'verification');
  fitHeaders(delivery, '');
  return Object.freeze({
    events: options.events === undefined ? undefined : checkCatalog(options.events),
    store: options.store,
    transport: options.transport,
    addressPolicy: createAddressPolicy({
      allowPrivate: options.network?.allowPrivate ?? [],
      allowHosts: options.network?.allowHosts ?? [],
    }),
    requireHttps: options.network?.requireHttps ?? false,
    proxy:
      options.network?.proxy === undefined
        ? undefined
        : parseForwardProxy(options.network.proxy, 'network.proxy'),
    lookup: options.network?.lookup,
    functions,
    handshakeOrigin: options.handshakeOrigin,
    ids: {
      endpoint: options.ids?.endpoint ?? DEFAULTS.ids.endpoint,
      message: options.ids?.message ?? DEFAULTS.ids.message,
    },
    testMessage: options.testMessage,
    userAgent,
    secretPolicy: options.secretPolicy ?? DEFAULTS.secretPolicy,
    deliver: options.deliver ?? DEFAULTS.deliver,
    maxConcurrency: options.maxConcurrency ?? DEFAULTS.maxConcurrency,
    maxRate: options.maxRate,
    maxEndpointsPerTenant: options.maxEndpointsPerTenant ?? DEFAULTS.maxEndpointsPerTenant,
    alerts: completeAlerts(options.alerts),
    maxPayloadBytes: options.maxPayloadBytes ?? DEFAULTS.maxPayloadBytes,
    maxResponseBodyBytes: options.maxResponseBodyBytes ?? DEFAULTS.maxResponseBodyBytes,
    idempotencyWindowMs: options.idempotencyWindowMs ?? DEFAULTS.idempotencyWindowMs,
    emitTimeoutMs: options.emitTimeoutMs ?? DEFAULTS.emitTimeoutMs,
    retention: { ...DEFAULTS.retention, ...definedOnly(options.retention ?? {}) },
    leaseMs: options.leaseMs ?? DEFAULTS.leaseMs,
    pollIntervalMs: options.pollIntervalMs ?? DEFAULTS.pollIntervalMs,
    traceContext: options.traceContext,
    eventAdapter: options.eventAdapter ?? readTypedEvent,
    logger: options.logger,
    clock: options.clock ?? systemClock,
    random: options.random ?? createSystemRandom(),
    delivery: Object.freeze(delivery),
  });
}

function deliveryDefaults(): ResolvedDeliverySettings {
  return {
    envelope: DEFAULTS.envelope,
    signatures: DEFAULTS.signatures,
    headers: {},
    computedHeaders: {},
    auth: false,
    tls: false,
    retry: DEFAULTS.retry,
    success: DEFAULTS.success,
    retryOn: DEFAULTS.retryOn,
    onGone: DEFAULTS.onGone,
    retryAfter: DEFAULTS.retryAfter,
    timeoutMs: DEFAULTS.timeoutMs,
    concurrency: DEFAULTS.concurrency,
    rateLimit: false,
    maxConcurrencyTotal: false,
    breaker: DEFAULTS.breaker,
    autoDisable: DEFAULTS.autoDisable,
    onDisable: DEFAULTS.onDisable,
    ordering: DEFAULTS.ordering,
    verification: false,
  };
}

function completeAlerts({ successRate, backlog }: AlertOptions = {}): AlertRules {
  if (successRate === undefined) return { successRate, backlog };
  const { windowMs, minAttempts } = DEFAULTS.alerts.successRate;
  return {
    backlog,
    successRate: {
      below: successRate.below,
      windowMs: successRate.windowMs ?? windowMs,
      minAttempts: successRate.minAttempts ?? minAttempts,
    },
  };
}

function definedOnly<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
