import type { Clock, Random } from './clock.ts';
import type { AlertOptions } from './core/alerts.ts';
import type { DeliverySettings, RateLimit } from './core/endpoint.ts';
import type { EventsOption } from './core/event-catalog.ts';
import type { FunctionRegistry } from './core/functions.ts';
import type { IdPrefixes } from './core/id.ts';
import type { TraceContextHook } from './engine/message-factory.ts';
import type { TestMessageFunction } from './engine/test-message.ts';
import type { Logger } from './lifecycle-events.ts';
import type { EventAdapter } from './sources/event-adapter.ts';
import type { LookupFunction, Transport } from './transport/transport.ts';
import type { Retention, Store } from './store/store.ts';

/** Which addresses endpoints may have. */
export interface NetworkOptions {
  /**
   * Private address ranges that may be connected to, as CIDR blocks: `['10.0.0.0/8']`. Link-local and cloud metadata
   * addresses stay refused; a range of nothing else is an error. Default: none. For receivers on your own machine: `['127.0.0.0/8', '::1/128']`.
   */
  allowPrivate?: readonly string[] | undefined;
  /**
   * Names of hosts that may resolve to private addresses: `['hooks.internal', '*.svc.local']`. `*` is the whole first
   * label and stands for exactly one; case and a trailing dot do not count; names in other scripts are compared in their ASCII
   * form. Private ranges, shared address space and loopback are allowed for them; link-local, cloud metadata and
   * everything else that is not public stays refused. Addresses belong into `allowPrivate`. Default: none.
   */
  allowHosts?: readonly string[] | undefined;
  /** Refuse `http:` URLs. Default false. */
  requireHttps?: boolean | undefined;
  /**
   * A forward proxy that all requests go through, by CONNECT: `'http://user:password@proxy:4750'`; `https:` for one that
   * speaks TLS. The proxy resolves names, so it has to refuse private addresses; URLs and addresses in them are judged here
   * all the same. Its own faults are not charged to endpoints. Default: none; the environment (`HTTP_PROXY`) is never read.
   */
  proxy?: string | URL | undefined;
  /** Name resolution, in the form of `dns.lookup` with `{ all: true }`. Every address of the answer is judged. Default: `dns.lookup`. */
  lookup?: LookupFunction | undefined;
}

/** Options of `new WebhookDispatcher(options)`. All are optional; unknown keys are errors. */
export interface DispatcherOptions<Events extends object = Record<string, unknown>> extends DeliverySettings {
  /**
   * The event catalog, made by `defineEvents`: types `emit`, and refuses unknown event types and data that does not pass
   * its schema before anything is stored. Default: any event type, any data.
   */
  events?: EventsOption<Events> | undefined;
  /** Where everything is kept. Default `memoryStore()`: nothing survives the process. */
  store?: Store | undefined;
  /** How requests are sent. Default `undiciTransport()`. */
  transport?: Transport | undefined;
  /** Which addresses endpoints may have. Private ones are refused by default. */
  network?: NetworkOptions | undefined;
  /** Behaviour that endpoints may name: envelopes, signatures, headers, filters, retry decisions. */
  functions?: FunctionRegistry | undefined;
  /** How the ids begin that endpoints and messages get when you give none: `{ endpoint: 'wh_', message: 'evt_' }`. */
  ids?: IdPrefixes | undefined;
  /**
   * What `endpoints.test` sends: `(endpoint) => ({ type: 'job.submitted', data: { job_id: 'test' } })`. Not parsed by the event
   * catalog. Default: type `posthorn.test`, data `{ test: true, endpointId }`.
   */
  testMessage?: TestMessageFunction | undefined;
  /**
   * A DNS name that stands for your system, `'hooks.example.com'`: what receivers are asked to permit by `verification: 'handshake'`, and what every
   * delivery to one that did carries. Needed for such endpoints. Default: none.
   */
  handshakeOrigin?: string | undefined;
  /** Value of the `user-agent` header. Default `Posthorn/<version>`. */
  userAgent?: string | undefined;
  /**
   * `generate` (default): an endpoint created without a secret gets one. `optional`: it stays without, and its requests
   * go out unsigned.
   */
  secretPolicy?: 'generate' | 'optional' | undefined;
  /** `false`: this process only stores messages; processes that share its store match and deliver them. What `endpoints.test` and `endpoints.verify` ask for it sends itself. Default true. */
  deliver?: boolean | undefined;
  /** Most attempts in flight in this process, over all endpoints. At least 1. Default 256. */
  maxConcurrency?: number | undefined;
  /** Most attempts that this process begins per interval, over all endpoints. What is over it waits, leased by this process. Default: no limit. */
  maxRate?: RateLimit | undefined;
  /**
   * Most endpoints of one tenant; `endpoints.create` refuses more with a LimitError. At least 1. Default `Infinity`: no limit. Set it where tenants
   * create endpoints by themselves. Processes that create at the same moment may exceed it by a few.
   */
  maxEndpointsPerTenant?: number | undefined;
  /** When an `alert.raised` event is emitted. Default: never. */
  alerts?: AlertOptions | undefined;
  /** Largest data of one message, as bytes of JSON; at least 1. Default 262144 (256 KiB). `Infinity`: no limit. */
  maxPayloadBytes?: number | undefined;
  /** Bytes kept of each response body. Default 16384. 0: none. */
  maxResponseBodyBytes?: number | undefined;
  /** How long an idempotency key is remembered. Default 86400000 (24 h). 0: keys are ignored. `Infinity`: as long as the message. */
  idempotencyWindowMs?: number | undefined;
  /** How long `emit` waits for a store that is failing before it rejects. Default 30000. 0: rejects at the first failure. `Infinity`: waits as long as it takes. */
  emitTimeoutMs?: number | undefined;
  /** How long finished messages are kept, with their deliveries and attempts. */
  retention?: Partial<Retention> | undefined;
  /** How long this process may work on a delivery before others may take it over; renewed while it works. At least 1000. Default 60000. */
  leaseMs?: number | undefined;
  /** How often work of other processes is looked for, where the store cannot notify. At least 10. Default 1000. */
  pollIntervalMs?: number | undefined;
  /**
   * Says which W3C trace an emitted event belongs to: `() => ({ traceparent })`. Called at each `emit` that names none, in
   * the async context of its caller. Default: none. One that throws is reported, and the message has no trace.
   */
  traceContext?: TraceContextHook | undefined;
  /**
   * Reads the event objects that come by `process` and from attached Observables: `(event) => ({ type: event.kind, data:
   * event.job })`; `undefined` drops one. Default: an object with a string `type`; its data is the member `data`, or,
   * without one, all other members.
   */
  eventAdapter?: EventAdapter | undefined;
  /** Where log lines go; pino-shaped. Default: nowhere, but that a store keeps secrets unencrypted is a warning of the process. `fileStore` has a `logger` of its own. */
  logger?: Logger | undefined;
  /** Source of time. Default: the system's. Tests use the manual clock of `posthorn/testing`. */
  clock?: Clock | undefined;
  /** Source of randomness: ids, secrets, jitter. Default: the system's. */
  random?: Random | undefined;
}

/** The only place where numbers live. */
export const DEFAULTS = {
  envelope: 'standard',
  signatures: ['standard'],
  retry: 'default',
  success: ['2xx'],
  retryOn: ['*'],
  onGone: 'disable',
  retryAfter: { maxMs: 24 * 60 * 60 * 1000, blockOn: [429, 503] },
  timeoutMs: 15_000,
  concurrency: 10,
  breaker: {
    failureShare: 0.5,
    minAttempts: 20,
    windowMs: 60_000,
    openMs: 10_000,
    maxOpenMs: 10 * 60 * 1000,
  },
  autoDisable: { afterMs: 5 * 24 * 60 * 60 * 1000, failingAfterMs: 60 * 60 * 1000 },
  onDisable: 'discard',
  ordering: 'none',
  ids: { endpoint: 'ep_', message: 'msg_' },
  secretPolicy: 'generate',
  deliver: true,
  maxConcurrency: 256,
  maxPayloadBytes: 256 * 1024,
  maxResponseBodyBytes: 16 * 1024,
  idempotencyWindowMs: 24 * 60 * 60 * 1000,
  emitTimeoutMs: 30_000,
  /** How long the previous secrets of an endpoint go on signing after a rotation. */
  secretGraceMs: 24 * 60 * 60 * 1000,
  retention: { succeededMs: 7 * 24 * 60 * 60 * 1000, unsuccessfulMs: 30 * 24 * 60 * 60 * 1000 },
  leaseMs: 60_000,
  pollIntervalMs: 1_000,
  /** Expired leases of one delivery before it is `failed: crash_loop`. */
  maxRescues: 5,
  /** Faults of the dispatcher itself in one delivery before it is `failed`. */
  maxFaults: 5,
  /** Wait after the first such fault; doubles with each. */
  faultDelayMs: 10_000,
  /** Faults of a proxy in one delivery before it is `failed`: with the waits below, about two days. */
  maxProxyFaults: 100,
  /** Longest wait after a fault. */
  maxFaultDelayMs: 30 * 60 * 1000,
  /** Destinations that came with messages and are kept ready to use; others are checked, or read from the store, again. */
  maxDestinations: 10_000,
  /** OAuth tokens that are kept. */
  maxTokens: 10_000,
  /** A token is renewed this long before it expires. */
  tokenMarginMs: 60_000,
  /** How long a token is used whose server does not say. */
  tokenLifetimeMs: 5 * 60 * 1000,
  /** Events of one source that may wait for the store. */
  maxPending: 10_000,
  /** What becomes of messages that are emitted while everything is paused. */
  whilePaused: 'hold',
  /** How long `stop` waits for attempts in flight before it calls them off. */
  stopTimeoutMs: 10_000,
  /** How long a stop waits for the outcomes of attempts that were called off. */
  flushTimeoutMs: 2_000,
  /** How long a stop waits for transport and store to close. */
  closeTimeoutMs: 5_000,
  /** Longest time for one connection to be established. */
  connectTimeoutMs: 10_000,
  /** How long after its start a request that met a closed connection is sent once more. */
  resendWithinMs: 1_000,
  /** How often a store that notifies is asked all the same. */
  notifiedSleepMs: 30_000,
  /** How often a store of this process alone is asked. */
  unsharedSleepMs: 3_600_000,
  maxEndpointsPerTenant: Infinity,
  /** Waits between the checks of an endpoint that does not answer; there is one check more. */
  verificationDelaysMs: [10_000, 60_000, 10 * 60 * 1000, 60 * 60 * 1000],
  /** Endpoints that are checked at a time. */
  maxVerifications: 100,
  /** Those of one tenant. */
  maxVerificationsPerTenant: 10,
  alerts: { successRate: { windowMs: 10 * 60 * 1000, minAttempts: 20 } },
  /** How often the numbers that alerts are about are looked at. */
  alertIntervalMs: 60_000,
  pruneIntervalMs: 10 * 60 * 1000,
  pruneBudgetMs: 100,
} as const;
