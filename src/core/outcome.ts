import type { StoredResponse } from './stored-response.ts';

/** Why an endpoint failed an attempt. */
export const ENDPOINT_REASONS = [
  'timeout',
  'dns',
  'connection_refused',
  'connection_reset',
  'connection_failed',
  'tls',
  'redirect',
  'bad_response',
  'http_status',
  'token_failed',
  'blocked',
  'url_refused',
] as const;
/** Why an attempt is the endpoint's failure. */
export type EndpointReason = (typeof ENDPOINT_REASONS)[number];

/** Why the dispatcher itself could not make an attempt. None of these is charged to the endpoint. */
export const DISPATCHER_REASONS = [
  'unknown_function',
  'function_failed',
  'bad_request',
  'bad_secret',
  'transport_failed',
  'proxy_failed',
] as const;
/** Why the dispatcher itself could not make an attempt; the endpoint is not to blame. */
export type DispatcherReason = (typeof DISPATCHER_REASONS)[number];

/** Why an attempt was not delivered. */
export type OutcomeReason = EndpointReason | DispatcherReason;

/** The kinds of outcome, as kept in the attempt log. */
export type AttemptOutcome = Outcome['kind'];

/** The value that classifies an attempt. A delivery failure is never thrown. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly response: StoredResponse }
  | {
      readonly kind: 'endpoint_failed';
      readonly reason: EndpointReason;
      readonly detail: string;
      readonly response: StoredResponse | undefined;
    }
  /** Called off by a shutdown, or its lease ran out: does not count as an attempt. */
  | { readonly kind: 'interrupted'; readonly detail: string }
  | { readonly kind: 'dispatcher_failed'; readonly reason: DispatcherReason; readonly detail: string };

/** Why an attempt did not succeed; `undefined` when it did, or was called off. */
export function reasonOf(outcome: Outcome): OutcomeReason | undefined {
  return outcome.kind === 'endpoint_failed' || outcome.kind === 'dispatcher_failed'
    ? outcome.reason
    : undefined;
}

/** The response, when one arrived. */
export function responseOf(outcome: Outcome): StoredResponse | undefined {
  return outcome.kind === 'delivered' || outcome.kind === 'endpoint_failed' ? outcome.response : undefined;
}
