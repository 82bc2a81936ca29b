/**
 * What a forward proxy says when it is asked for a connection. The endpoint is charged only with what the proxy says of
 * it; everything else is the proxy's own trouble.
 */
import type { DispatcherReason, EndpointReason } from './outcome.ts';

/** Why there is no connection through the proxy. */
export type ProxyRefusal =
  | { readonly kind: 'failure'; readonly reason: EndpointReason; readonly detail: string }
  | { readonly kind: 'fault'; readonly reason: DispatcherReason; readonly detail: string };

type ProxyHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Error types of RFC 9209 that speak of the receiver. */
const PROXY_STATUS: ReadonlyMap<string, EndpointReason> = new Map<string, EndpointReason>([
  ['dns_error', 'dns'],
  ['dns_timeout', 'dns'],
  ['destination_not_found', 'dns'],
  ['destination_unavailable', 'connection_failed'],
  ['destination_ip_unroutable', 'connection_failed'],
  ['destination_ip_prohibited', 'blocked'],
  ['http_request_denied', 'blocked'],
  ['connection_refused', 'connection_refused'],
  ['connection_terminated', 'connection_reset'],
  ['connection_timeout', 'timeout'],
]);
/** Squid says it in a header of its own. */
const SQUID: ReadonlyMap<string, EndpointReason> = new Map<string, EndpointReason>([
  ['ERR_ACCESS_DENIED', 'blocked'],
  ['ERR_CONNECT_FAIL', 'connection_failed'],
  ['ERR_DNS_FAIL', 'dns'],
]);
/** Smokescreen answers with these statuses, and a header that says why. */
const SMOKESCREEN: ReadonlyMap<number, EndpointReason> = new Map<number, EndpointReason>([
  [407, 'blocked'],
  [502, 'connection_failed'],
  [504, 'timeout'],
]);

/** `undefined`: the connection is made. */
export function judgeProxyAnswer(status: number, headers: ProxyHeaders): ProxyRefusal | undefined {
  if (status >= 200 && status <= 299) return undefined;
  const reason = receiverReason(status, headers);
  const said = firstOf(headers['x-smokescreen-error']);
  const answer = `HTTP ${status}${said === undefined ? '' : `: ${said}`}`;
  if (reason === 'blocked')
    return { kind: 'failure', reason, detail: `the proxy refuses this destination (${answer})` };
  if (reason !== undefined)
    return { kind: 'failure', reason, detail: `the proxy cannot reach the receiver (${answer})` };
  const detail =
    status === 407 ? `the proxy does not accept our credentials (${answer})` : `the proxy failed (${answer})`;
  return { kind: 'fault', reason: 'proxy_failed', detail };
}

function receiverReason(status: number, headers: ProxyHeaders): EndpointReason | undefined {
  if (headers['x-smokescreen-error'] !== undefined && SMOKESCREEN.has(status)) return SMOKESCREEN.get(status);
  const squid = firstOf(headers['x-squid-error'])?.split(' ', 1)[0];
  const standard = /;\s*error=([a-z_]+)/.exec(firstOf(headers['proxy-status']) ?? '')?.[1];
  return (
    SQUID.get(squid ?? '') ?? PROXY_STATUS.get(standard ?? '') ?? (status === 403 ? 'blocked' : undefined)
  );
}

function firstOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0];
}
