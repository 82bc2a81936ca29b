import type { DispatcherReason, EndpointReason } from '../core/outcome.ts';
import { ConnectionRefusal } from './address-guard.ts';
import { ProxyError } from './proxy-error.ts';
import type { TransportResult } from './transport.ts';

/** A result without a response head. */
export type TransportFailure = Exclude<TransportResult, { kind: 'response' }>;

/** Longest detail of a failure, in characters. Some error messages repeat text of the peer, such as certificate names. */
const MAX_DETAIL_LENGTH = 200;
/** `fetch` wraps the error that says something in one that does not. */
const MAX_CAUSES = 4;

const REASON_BY_CODE: ReadonlyMap<string, EndpointReason> = new Map<string, EndpointReason>([
  ['ECONNREFUSED', 'connection_refused'],
  ['ECONNRESET', 'connection_reset'],
  ['ECONNABORTED', 'connection_reset'],
  ['EPIPE', 'connection_reset'],
  ['UND_ERR_SOCKET', 'connection_reset'],
  ['UND_ERR_INFO', 'connection_reset'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['EAI_FAIL', 'dns'],
  ['EAI_NODATA', 'dns'],
  ['EAI_NONAME', 'dns'],
  ['EPROTO', 'tls'],
  ['HOSTNAME_MISMATCH', 'tls'],
  ['INVALID_CA', 'tls'],
  ['INVALID_PURPOSE', 'tls'],
  ['PATH_LENGTH_EXCEEDED', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['UND_ERR_HEADERS_OVERFLOW', 'bad_response'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'bad_response'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'bad_response'],
]);

const TLS_PREFIXES = ['ERR_TLS_', 'ERR_SSL_', 'CERT_', 'CRL_', 'UNABLE_TO_', 'ERROR_IN_C'];

const FAULT_BY_CODE: ReadonlyMap<string, DispatcherReason> = new Map<string, DispatcherReason>([
  ['UND_ERR_INVALID_ARG', 'bad_request'],
  ['UND_ERR_NOT_SUPPORTED', 'bad_request'],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'bad_request'],
  // Out of descriptors, ports or memory: our side, whoever the peer is.
  ['EMFILE', 'transport_failed'],
  ['ENFILE', 'transport_failed'],
  ['ENOBUFS', 'transport_failed'],
  ['ENOMEM', 'transport_failed'],
  ['EADDRNOTAVAIL', 'transport_failed'],
]);

/** The request still waited for its proxy when its time was up. */
export const PROXY_IS_SILENT: TransportFailure = {
  kind: 'fault',
  reason: 'proxy_failed',
  detail: 'no connection through the proxy within the time limit',
};

/** Sorts what a transport caught into failures of the endpoint and faults of ours, by code rather than by class. */
export function classifyError(error: unknown): TransportFailure {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    const result = classifyOne(current);
    if (result !== undefined) return result;
    current = current.cause;
  }
  return {
    kind: 'fault',
    reason: 'transport_failed',
    detail: toDetail(error instanceof Error ? error.message : String(error)),
  };
}

/** What `fetch` says about a failure, where there is no code to tell it by. */
const FETCH_FAILURES: ReadonlyMap<string, TransportFailure> = new Map<string, TransportFailure>([
  ['bad port', { kind: 'fault', reason: 'bad_request', detail: 'fetch refuses this port' }],
  [
    'too many content-encodings',
    { kind: 'failure', reason: 'bad_response', detail: 'too many content-encodings' },
  ],
  // Without a cause these come from interceptors that play a network error.
  ['fetch failed', { kind: 'failure', reason: 'connection_failed', detail: 'fetch failed' }],
  ['Failed to fetch', { kind: 'failure', reason: 'connection_failed', detail: 'fetch failed' }],
]);

/** {@link classifyError}, for what `fetch` rejects with: a TypeError whose cause says more, if there is one. */
export function classifyFetchError(error: unknown): TransportFailure {
  const told = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = told instanceof Error ? told.message : '';
  for (const [start, result] of FETCH_FAILURES) if (message.startsWith(start)) return result;
  return classifyError(told);
}

function classifyOne(error: Error): TransportFailure | undefined {
  if (error instanceof ConnectionRefusal) return failure(error.reason, error.message);
  if (error instanceof ProxyError) return { ...error.refusal, detail: toDetail(error.refusal.detail) };
  // Its code holds the state of the parser, or nothing, depending on the release.
  if (error.name === 'HTTPParserError') return failure('bad_response', error.message);
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return undefined;
  const fault = FAULT_BY_CODE.get(code);
  if (fault !== undefined)
    return { kind: 'fault', reason: fault, detail: toDetail(`${code}: ${error.message}`) };
  if (code === 'UND_ERR_SOCKET') return classifySocketError(error);
  // undici asserts what it believes of a status code, and 099 does not hold. The message quotes its source.
  if (code === 'ERR_ASSERTION') return failure('bad_response', 'the response has no valid status');
  const reason =
    REASON_BY_CODE.get(code) ?? (TLS_PREFIXES.some((prefix) => code.startsWith(prefix)) ? 'tls' : undefined);
  if (reason !== undefined) return failure(reason, describe(code, error.message));
  // Other errors of system calls: no route, network down, refused by a firewall.
  return (error as NodeJS.ErrnoException).syscall === undefined
    ? undefined
    : failure('connection_failed', describe(code, error.message));
}

/** undici reports a response that it refuses with the same code as a connection that ended. */
function classifySocketError(error: Error): TransportFailure {
  if (error.message === 'bad response')
    return failure('bad_response', 'a response came that no request asked for');
  if (error.message === 'bad upgrade') return failure('bad_response', 'the server switched protocols');
  return failure('connection_reset', `the connection was closed: ${error.message}`);
}

/** An error of several connection attempts has an empty message. */
function describe(code: string, message: string): string {
  if (message === '') return code;
  return message.includes(code) ? message : `${code}: ${message}`;
}

function failure(reason: EndpointReason, detail: string): TransportFailure {
  return { kind: 'failure', reason, detail: toDetail(detail) };
}

function toDetail(text: string): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return line.length > MAX_DETAIL_LENGTH ? `${line.slice(0, MAX_DETAIL_LENGTH)}…` : line;
}
