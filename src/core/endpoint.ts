import type { AutoDisableOptions } from './auto-disable.ts';
import type { BreakerOptions } from './breaker.ts';
import type { EndpointAuth } from './endpoint-auth.ts';
import type { EndpointTls } from './endpoint-tls.ts';
import type { FilterExpression } from './filter.ts';
import type { JsonObject } from './json.ts';
import { type RateLimit, strictestRate } from './rate-limit.ts';
import type { RetryAfterPolicy, RetryPolicy, RetryRule, SuccessRule } from './retry-policy.ts';
import type { SignatureSetting } from './signature.ts';
import {
  allowedRateOf,
  type Verifiable,
  type VerificationKind,
  type VerificationState,
} from './verification-state.ts';

export type { RateLimit } from './rate-limit.ts';

/**
 * How the body is built: the name of an envelope (`'standard'`), or one with settings
 * (`{ name: 'cloudevents', source: '/orders' }`).
 *
 * Built in: `standard`, `raw`, `cloudevents`, `cloudevents-binary`, `form`, `bytes`; any other name is a function
 * registered under `functions.envelope`.
 */
export type EnvelopeSetting = string | EnvelopeOptions;

/** An envelope with settings. */
export interface EnvelopeOptions {
  /** Name of the envelope, or of a function registered under `functions.envelope`, which takes no further settings. */
  readonly name: string;
  /** Puts the message id into the body as well. `standard` only; default false. */
  readonly idInBody?: boolean;
  /** Where events come from: a URI-reference of at most 1024 characters. `cloudevents` and `cloudevents-binary`; default `/` and the tenant, percent-encoded. */
  readonly source?: string;
  /** What events are about; 1 to 1024 characters. `cloudevents` and `cloudevents-binary`; default none. */
  readonly subject?: string;
  /** Puts all of the data, as JSON text, into one field of this name; 1 to 256 characters. `form` only; default: a field for each member of the data. */
  readonly field?: string;
  /** Media type of the bytes. `bytes` only; default `application/octet-stream`. */
  readonly contentType?: string;
}

/**
 * How deliveries to an endpoint are made. Every member may be set on the dispatcher, for all endpoints, and on an
 * endpoint, which then wins as a whole; only headers are merged, name by name.
 */
export interface DeliverySettings {
  /** How the body is built: `'standard'` (default: type, timestamp and data), `'raw'` (the data alone), another built-in one, or a name of `functions.envelope`. */
  readonly envelope?: EnvelopeSetting | undefined;
  /** How requests are signed; several at once are fine if they write different headers. Default `['standard']`; `['none']`: not at all. */
  readonly signatures?: readonly SignatureSetting[] | undefined;
  /** Headers with a fixed value. Those that the dispatcher or HTTP writes are refused. At most 64, values of at most 8 KiB. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Headers whose value is worked out for each attempt: header name to `message.id`, `message.type`, `endpoint.id`, `delivery.id`, `attempt`, `timestamp`, or a name of `functions.header`. Default none. */
  readonly computedHeaders?: Readonly<Record<string, string>> | undefined;
  /**
   * How requests prove to the receiver who sends them: HTTP Basic, a bearer token from `functions.token`, or OAuth 2 client
   * credentials. Default `false`: by signatures and headers alone. Together with a header `authorization` it is refused.
   */
  readonly auth?: EndpointAuth | false | undefined;
  /** Client certificate, trusted authorities and server name for TLS. Default `false`: those of the transport. Certificates are always verified. */
  readonly tls?: EndpointTls | false | undefined;
  /** When failed attempts are tried again. Default `'default'`: 8 attempts over 27 h 35 min. */
  readonly retry?: RetryPolicy | undefined;
  /** Statuses that count as success. Default `['2xx']`. */
  readonly success?: readonly SuccessRule[] | undefined;
  /** Failures that are tried again; others end the delivery. Default `['*']`: all. */
  readonly retryOn?: readonly RetryRule[] | undefined;
  /** Name of `functions.shouldRetry` that has the last word on whether a failure is tried again. Default none. */
  readonly shouldRetry?: string | undefined;
  /** What the status 410 does: `'disable'` the endpoint and discard the delivery (default), or `'retry'` it like any other failure. */
  readonly onGone?: 'disable' | 'retry' | undefined;
  /** What a `Retry-After` header may do. Default: waits of up to 24 h are honoured, longer ones cut to that, each prolonged by up to a fifth at random; 429 and 503 block the whole endpoint. `false`: nothing. */
  readonly retryAfter?: RetryAfterPolicy | false | undefined;
  /** Time for one attempt: DNS, connection, TLS, headers, body and named functions together. 1 to 600000. Default 15000. */
  readonly timeoutMs?: number | undefined;
  /** Most attempts in flight to one endpoint, per process. 1 to 10000. Default 10. */
  readonly concurrency?: number | undefined;
  /** Most attempts per interval to one endpoint, over all processes that share a store. Default `false`: no limit. What the dispatcher has is written into each endpoint when it is created: changing it later changes new endpoints only. */
  readonly rateLimit?: RateLimit | false | undefined;
  /**
   * Most attempts in flight to one endpoint, over all processes that share a store. A whole number, 1 to 1000000; `concurrency` holds as well, for
   * each process. Counted by leases: a process that stalls for longer than `leaseMs` may still be sending what others have taken over. Test messages
   * do not count. Default `false`: no limit. What the dispatcher has is written into each endpoint when it is created: changing it later changes new
   * endpoints only.
   */
  readonly maxConcurrencyTotal?: number | false | undefined;
  /** When nothing is sent for a while because the receiver is down: deliveries wait, and no attempts are spent. Default: see the members. `false`: never. */
  readonly breaker?: BreakerOptions | false | undefined;
  /** What happens when nothing but failures come, for days. Default: see the members. `false`: nothing, and no `endpoint.failing` either. */
  readonly autoDisable?: AutoDisableOptions | false | undefined;
  /** What becomes of deliveries that wait when the endpoint is disabled: `'discard'` (default), or `'hold'`: they wait until it is enabled. What holds at that moment stands until then, whatever a dispatcher is given later. After 410 they are discarded. What is emitted while it is disabled is discarded, and can be replayed. */
  readonly onDisable?: 'discard' | 'hold' | undefined;
  /** `'none'` (default); `'fifo'`: one delivery after the other, in the order of emission; `'key'`: so for messages that share an `orderingKey`. */
  readonly ordering?: 'none' | 'fifo' | 'key' | undefined;
  /**
   * What an endpoint must do before it gets anything, and again when its `url` changes: `'challenge'`: answer a signed request with the token in it;
   * `'handshake'`: consent to a CloudEvents `OPTIONS` request, for which the option `handshakeOrigin` is needed. Until then it is disabled, with
   * `disabledReason: 'unverified'`. Default `false`: nothing. What the dispatcher has is written into each endpoint when it is created: changing it
   * later changes new endpoints only. Destinations that come with a message are not verified.
   */
  readonly verification?: VerificationKind | false | undefined;
}

/** Keys of {@link DeliverySettings}, to tell them from the other members of a record. */
export const DELIVERY_SETTING_KEYS = [
  'envelope',
  'signatures',
  'headers',
  'computedHeaders',
  'auth',
  'tls',
  'retry',
  'success',
  'retryOn',
  'shouldRetry',
  'onGone',
  'retryAfter',
  'timeoutMs',
  'concurrency',
  'rateLimit',
  'maxConcurrencyTotal',
  'breaker',
  'autoDisable',
  'onDisable',
  'ordering',
  'verification',
] as const satisfies readonly (keyof DeliverySettings)[];

/** The delivery settings among other members, without those left `undefined`. */
export function pickDeliverySettings(source: DeliverySettings): Partial<ResolvedDeliverySettings> {
  const entries = DELIVERY_SETTING_KEYS.flatMap((key) =>
    source[key] === undefined ? [] : [[key, source[key]] as const],
  );
  return Object.fromEntries(entries);
}

/** Delivery settings with nothing missing. */
export type ResolvedDeliverySettings = {
  readonly [Key in keyof Omit<DeliverySettings, 'shouldRetry'>]-?: Exclude<DeliverySettings[Key], undefined>;
} & Pick<DeliverySettings, 'shouldRetry'>;

/** One signing secret of an endpoint. */
export interface Secret {
  readonly value: string;
  readonly createdAt: number;
  /** When it stops signing, epoch ms; absent: never. */
  readonly expiresAt?: number;
  /** Schemes with room for one signature pass it over while an older secret is live. */
  readonly standby?: true;
}

/** Why an endpoint can be disabled. */
export const DISABLED_REASONS = ['gone', 'manual', 'failing', 'unverified'] as const;
/** It answered 410, somebody disabled it, nothing but failures came for too long, or it has not proved itself (`verification`). */
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** Where messages go, as stored: a plain JSON record. */
export interface EndpointRecord extends DeliverySettings {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  /** Event types and patterns. */
  readonly events: readonly string[];
  readonly filter?: FilterExpression;
  readonly name?: string;
  readonly description?: string;
  readonly metadata?: JsonObject;
  /** The newest first. */
  readonly secrets: readonly Secret[];
  readonly status: 'enabled' | 'disabled';
  readonly disabledReason?: DisabledReason;
  /** What waits for it is kept (`true`) or discarded (`false`), as `onDisable` said when it was disabled. Absent while it is enabled. */
  readonly held?: boolean;
  /** `endpoint.failing` was reported, `endpoint.recovered` not yet. */
  readonly failing?: true;
  /** How its `verification` stands; absent before the first check. */
  readonly verificationState?: VerificationState;
  /** The lane of its deliveries, when it shares one with other endpoints; its own, under its id, when absent. Never changes. */
  readonly lane?: string;
  /** It came with a message and was not registered: lists leave it out, and it goes with its last delivery. */
  readonly hidden?: true;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Counts the writes; `put` refuses a record that is not based on the newest. */
  readonly revision: number;
}

/** Id of the lane in which deliveries to an endpoint wait. */
export function laneIdOf({ id, lane }: Pick<EndpointRecord, 'id' | 'lane'>): string {
  return lane ?? id;
}

/** The limits that the lane of an endpoint keeps, over all processes. `undefined`: none. */
export interface LaneLimits {
  readonly rate: RateLimit | undefined;
  /** Most deliveries that are leased at a time; test messages aside. */
  readonly maxLeases: number | undefined;
}

type LimitSettings = Pick<DeliverySettings, 'rateLimit' | 'maxConcurrencyTotal'>;

/** The limits of an endpoint's lane: its own, and the rate that it allowed by a handshake. */
export function laneLimitsOf(record: LimitSettings & Verifiable): LaneLimits {
  const { rateLimit = false, maxConcurrencyTotal = false } = record;
  return {
    rate: strictestRate(rateLimit === false ? undefined : rateLimit, allowedRateOf(record)),
    maxLeases: maxConcurrencyTotal === false ? undefined : maxConcurrencyTotal,
  };
}

/** Only a claim can tell whether a lane with limits may give one more delivery. */
export function hasLimits({ rate, maxLeases }: LaneLimits): boolean {
  return rate !== undefined || maxLeases !== undefined;
}

/** The record with its limits said. Stores keep them themselves and know no defaults of the dispatcher: the record says what holds. */
export function withLimits<Settings extends LimitSettings>(
  record: Settings,
  { rateLimit = false, maxConcurrencyTotal = false }: LimitSettings = {},
): Settings {
  return {
    ...record,
    rateLimit: record.rateLimit ?? rateLimit,
    maxConcurrencyTotal: record.maxConcurrencyTotal ?? maxConcurrencyTotal,
  };
}
