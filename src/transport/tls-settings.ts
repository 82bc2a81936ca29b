import type { EndpointTls } from '../core/endpoint-tls.ts';

/** What is trusted and shown in TLS handshakes. Certificates are always verified. */
export interface TlsOptions {
  /** Certificate authorities to trust instead of those of Node.js, PEM. Default: those of Node.js. */
  readonly ca?: string | readonly string[];
  /** Client certificate chain, PEM, with {@link key}. Default: none is shown. */
  readonly cert?: string;
  /** Private key of {@link cert}, PEM. */
  readonly key?: string;
}

/** What holds for the connections of one agent. */
export type ConnectionTls = TlsOptions & Pick<EndpointTls, 'passphrase' | 'serverName'>;

/** The options of a transport with the settings of an endpoint, which win; certificate and key belong together. */
export function mergeTls(options: TlsOptions, endpoint: EndpointTls = {}): ConnectionTls {
  const { cert, key, passphrase, ca, serverName } = endpoint;
  const trust = ca ?? options.ca;
  const shown = cert === undefined ? options : { cert, key };
  return {
    ...(trust === undefined ? {} : { ca: trust }),
    ...(shown.cert === undefined ? {} : { cert: shown.cert }),
    ...(shown.key === undefined ? {} : { key: shown.key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** Options of `tls.connect`. */
export interface TlsSettings extends Pick<ConnectionTls, 'cert' | 'key' | 'passphrase'> {
  readonly rejectUnauthorized: true;
  readonly ca?: string | string[];
  readonly servername?: string;
}

export function toTlsSettings({ ca, serverName, ...shown }: ConnectionTls): TlsSettings {
  return {
    // The default of Node.js depends on an environment variable.
    rejectUnauthorized: true,
    ...shown,
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
