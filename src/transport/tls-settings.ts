/** What is trusted and shown in TLS handshakes. Certificates are always verified. */
export interface TlsOptions {
  /** Certificate authorities to trust instead of those of Node.js, PEM. Default: those of Node.js. */
  readonly ca?: string | readonly string[];
  /** Client certificate chain, PEM, with {@link key}. Default: none is shown. */
  readonly cert?: string;
  /** Private key of {@link cert}, PEM. */
  readonly key?: string;
}

/** The same for `tls.connect`. */
export interface TlsSettings {
  readonly rejectUnauthorized: true;
  readonly ca?: string | string[];
  readonly cert?: string;
  readonly key?: string;
}

export function toTlsSettings({ ca, cert, key }: TlsOptions): TlsSettings {
  return {
    // The default of Node.js depends on an environment variable.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
