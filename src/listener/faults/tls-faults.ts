import type { Fault } from './fault.ts';

/** Servers that cannot prove who they are, or speak another version, or none. */
export const tlsFaults = {
  tls_untrusted: { does: 'shows a self-signed certificate that nobody trusts', tls: 'untrusted' },
  tls_expired: { does: 'shows a certificate that has expired', tls: 'expired' },
  tls_other_host: { does: 'shows the certificate of another host', tls: 'other_host' },
  tls_outdated: { does: 'speaks only TLS 1.1', tls: 'outdated' },
  tls_only_http2: { does: 'speaks only HTTP/2 over TLS', tls: 'only_http2' },
  tls_wants_client: { does: 'wants a client certificate', tls: 'wants_client' },
  tls_stalled: {
    does: 'accepts TLS connections and never shakes hands',
    tls: 'stalled',
    onConnected: () => undefined,
  },
  tls_missing: {
    does: 'speaks plain HTTP where TLS is expected',
    tls: 'missing',
    onConnected: (connection) => connection.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'),
  },
  tls_unexpected: { does: 'speaks TLS where plain HTTP is expected', tls: 'unexpected' },
} as const satisfies Readonly<Record<string, Fault>>;
