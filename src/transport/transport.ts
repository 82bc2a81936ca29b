/**
 * The transport port: one HTTP request, one result, no opinion.
 *
 * Contract (cases of the suite stand in the same order):
 * 1. `send` makes exactly one POST with the given bytes and headers, or one OPTIONS with the headers and no body; it
 *    adds only `host`, `content-length`, `connection` and, if it must, `accept*`. It never follows a redirect, never decompresses, never retries. With one
 *    exception: a request that went over a connection which had carried one before, and which was reset or closed before
 *    any byte came back, is sent once more, the same bytes over a fresh connection, unless `resendWithinMs` have passed
 *    since `send`.
 * 2. `onResult` is called exactly once, never before `send` returned, never with an exception outside it.
 * 3. A response head that arrived is a `response`, whatever becomes of the body: `bodyComplete` says whether the whole
 *    of it came. At most `maxBodyBytes` of it are kept and reading stops there.
 * 4. `abort()` ends the exchange at once: afterwards `onResult` has been called, with the response if its head was
 *    there, else with a failure as `timeout`, or a fault as `proxy_failed` while a proxy is waited for. Calling it again,
 *    or after the result, does nothing.
 * 5. Addresses are judged by `context.addressPolicy` before any connection is opened, for names and literals alike.
 *    With `context.proxy` all requests go through it, and names are resolved there: only literals are judged.
 *    A request with `tls` shares no connection with requests that have other settings.
 * 6. `close()` ends idle connections; afterwards no socket is left.
 */
import type { Clock } from '../clock.ts';
import type { AddressPolicy } from '../core/address-policy.ts';
import type { EndpointTls } from '../core/endpoint-tls.ts';
import type { ForwardProxy } from '../core/forward-proxy.ts';
import type { DispatcherReason, EndpointReason } from '../core/outcome.ts';

/** Where a request goes; parsed once per endpoint. */
export interface RequestTarget {
  /** `https://example.com:8443` */
  readonly origin: string;
  /** Path and query: `/hooks?key=1` */
  readonly path: string;
  /** The whole URL, normalised. */
  readonly href: string;
}

/** What is trusted and shown in TLS handshakes of a request. Certificates are always verified. */
export interface RequestTls extends EndpointTls {
  /** The same for the same settings: connections are shared by requests of one id, and by no others. */
  readonly id: string;
}

/** A request, ready to be sent. */
export interface TransportRequest {
  readonly target: RequestTarget;
  /** Default `POST`. With `OPTIONS` there is no body: nothing of `body` is sent. */
  readonly method?: 'POST' | 'OPTIONS' | undefined;
  /** Names and values in turn: `['content-type', 'application/json', …]`. Validated before. */
  readonly headers: readonly string[];
  /** The exact bytes that were signed. */
  readonly body: Uint8Array;
  /** Bytes of the response body to keep. */
  readonly maxBodyBytes: number;
  /** Undefined: what the transport trusts and shows. */
  readonly tls?: RequestTls | undefined;
}

/** How an exchange ended: with a response, or with a failure. */
export type TransportResult =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      /** The kept part of the body. */
      readonly body: Uint8Array;
      readonly bodyTruncated: boolean;
      readonly bodyComplete: boolean;
    }
  /** No response head arrived; charged to the endpoint. */
  | { readonly kind: 'failure'; readonly reason: EndpointReason; readonly detail: string }
  /** The request could not be made for a reason of ours: refused headers, a proxy that is down. */
  | { readonly kind: 'fault'; readonly reason: DispatcherReason; readonly detail: string };

/** Why an exchange is called off. */
export type AbortReason = 'timeout' | 'interrupted';

/** A request on its way, as the engine holds it. */
export interface Exchange {
  /** Ends the exchange. See contract line 4; the failure reported is `timeout` in either case. */
  abort(reason: AbortReason): void;
}

/** What a transport is given when it opens. */
export interface TransportContext {
  /** Judges every address before it is connected to. */
  readonly addressPolicy: AddressPolicy;
  /** Upper limit of open connections to one origin; those of requests that are sent again come on top. */
  readonly maxConnections: number;
  /** Where all requests go through; none when undefined. Its faults are `proxy_failed`. */
  readonly proxy?: ForwardProxy | undefined;
  /** Name resolution; `dns.lookup` when undefined. Called with `{ all: true }`. */
  readonly lookup: LookupFunction | undefined;
  /** Longest time a connection may take to be established, a backstop behind the attempt's own deadline. */
  readonly connectTimeoutMs: number;
  /** How long after `send` a request may be sent once more; see contract line 1. 0: never. */
  readonly resendWithinMs: number;
  /** Source of time. */
  readonly clock: Clock;
}

/** The callback form of `dns.lookup` with `all: true`. */
export type LookupFunction = (
  hostname: string,
  options: { all: true; hints?: number; family?: number },
  callback: (error: Error | null, addresses: readonly { address: string; family: number }[]) => void,
) => void;

/** The transport port: how requests are sent. `createTransportSuite` of `posthorn/testing` proves it. */
export interface Transport {
  /** Name for logs and `health()`. */
  readonly name: string;
  /** Called once, before the first `send`. */
  open(context: TransportContext): Promise<void>;
  send(request: TransportRequest, onResult: (result: TransportResult) => void): Exchange;
  close(): Promise<void>;
}
