/**
 * Behaviour that endpoints name. An endpoint is plain data in every store, so what it needs of code is registered on the
 * dispatcher under a name, and the endpoint carries the name. A process that lacks a function leaves the work to others.
 */
import type { CustomFilter } from './compile-filter.ts';
import type { EndpointView } from './endpoint-view.ts';
import type { BuiltBody } from './envelope.ts';
import type { ComputedHeaderSource } from './header-rules.ts';
import type { JsonValue } from './json.ts';
import type { Message } from './message.ts';
import type { Outcome } from './outcome.ts';

export type { CustomFilter } from './compile-filter.ts';

/** What an envelope function is given. */
export interface EnvelopeContext {
  readonly message: Message;
  /** The data of the message, parsed anew: changing it changes nothing else. */
  readonly data: JsonValue;
  /** The data as the JSON text that was stored. Put it into the body as it is to keep the bytes that were emitted. */
  readonly dataJson: string;
  readonly endpoint: EndpointView;
  /** Number of the attempt, 1 for the first. Goes on counting after a `retry`. */
  readonly attempt: number;
  /** Attempts that the retry policy allows in one run, the first included; `Infinity` when a function decides alone. */
  readonly maxAttempts: number;
  /** When the first attempt was made, epoch ms; of the first attempt itself, now. */
  readonly firstAttemptAt: number;
  /** When this attempt is made, epoch ms. */
  readonly now: number;
}

/**
 * Builds the body of an attempt: `(ctx) => ({ body: JSON.stringify({ event: ctx.message.type, data: ctx.data }),
 * contentType: 'application/json' })`. Runs inside the attempt's deadline, for every attempt. A throw or a bad header
 * is the dispatcher's own failure, not the endpoint's.
 */
export type EnvelopeFunction = (context: EnvelopeContext) => BuiltBody | Promise<BuiltBody>;

/** What a signature function is given. */
export interface SignatureContext {
  /** The bytes that will be sent. Not to be changed. */
  readonly body: Uint8Array;
  /** Time of the attempt in unix seconds, the same for all schemes of a request. */
  readonly timestamp: number;
  readonly message: Message;
  readonly endpoint: EndpointView;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
  /** The live secrets of the endpoint, the newest first. Several during a rotation; empty for an endpoint without. */
  readonly secrets: readonly string[];
}

/** Header names and values that a function adds to a request. */
export type FunctionHeaders = Readonly<Record<string, string>>;

/**
 * Signs an attempt: `({ body, secrets }) => ({ 'x-acme-signature': sign(body, secrets[0]) })`. Runs inside the attempt's
 * deadline. A throw, or a header that cannot be sent, is the dispatcher's own failure.
 */
export type SignatureFunction = (context: SignatureContext) => FunctionHeaders | Promise<FunctionHeaders>;

/** What a header function is given. */
export interface HeaderContext extends ComputedHeaderSource {
  readonly message: Message;
  readonly endpoint: EndpointView;
}

/** Computes the value of one header: `({ message }) => message.type.replaceAll('_', '-')`. `undefined`: the header is left out. */
export type HeaderFunction = (context: HeaderContext) => string | undefined;

/** What a token function is given. */
export interface TokenContext {
  readonly message: Message;
  readonly endpoint: EndpointView;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
}

/**
 * Gives the bearer token of an attempt: `async ({ endpoint }) => tokens.get(endpoint.tenant)`. Runs for every attempt, inside its
 * deadline: keep tokens where it finds them at once. A throw, or what is no token, is the dispatcher's own failure, and
 * nothing is sent.
 */
export type TokenFunction = (context: TokenContext) => string | Promise<string>;

/** What the functions that decide about retries are given. */
export interface RetryContext {
  /** The failure: reason, one line for a person, and the response if one came. */
  readonly outcome: Outcome & { readonly kind: 'endpoint_failed' };
  readonly message: Message;
  readonly endpoint: EndpointView;
  /** Number of the failed attempt in this run of the policy, 1 for the first. */
  readonly attempt: number;
  /** Attempts that the retry policy allows in one run, the first included; `Infinity` when a function decides alone. */
  readonly maxAttempts: number;
}

/**
 * The last word over `retryOn`: true tries again although the rules say no, false gives up although they say yes,
 * `undefined` leaves it to them. It cannot lengthen the policy, and is not asked about refused URLs, nor listened to
 * about 410 while `onGone` is `'disable'`. One that throws is reported and counts as `undefined`.
 */
export type ShouldRetryFunction = (context: RetryContext) => boolean | undefined;

/**
 * The delay after a failed attempt, in milliseconds, of a retry policy `{ kind: 'custom', name }`: 0 is at once, more
 * than 30 days is 30 days; `undefined`, NaN or less than 0 ends the run. Retry-After can prolong it.
 */
export type RetryDelayFunction = (context: RetryContext) => number | undefined;

/** Functions by kind, then by name. Names of what is built in are taken, and refused. */
export interface FunctionRegistry {
  /** For `envelope: '<name>'`. */
  readonly envelope?: Readonly<Record<string, EnvelopeFunction>>;
  /** For `signatures: ['<name>']`. */
  readonly signature?: Readonly<Record<string, SignatureFunction>>;
  /** For `computedHeaders: { 'X-Name': '<name>' }`. */
  readonly header?: Readonly<Record<string, HeaderFunction>>;
  /** For `auth: { type: 'bearer', token: '<name>' }`. */
  readonly token?: Readonly<Record<string, TokenFunction>>;
  /** For `filter: { $custom: '<name>' }`. */
  readonly filter?: Readonly<Record<string, CustomFilter>>;
  /** For `shouldRetry: '<name>'`. */
  readonly shouldRetry?: Readonly<Record<string, ShouldRetryFunction>>;
  /** For `retry: { kind: 'custom', name: '<name>' }`. */
  readonly retryDelay?: Readonly<Record<string, RetryDelayFunction>>;
}
