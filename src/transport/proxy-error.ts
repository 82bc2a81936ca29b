import type { ProxyRefusal } from '../core/proxy-answer.ts';

/** There is no connection through the proxy. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** undici fails the waiting requests of an origin for every code but two of its own. */
  readonly code = 'ERR_POSTHORN_PROXY';
  readonly refusal: ProxyRefusal;

  constructor(refusal: ProxyRefusal, options?: ErrorOptions) {
    super(refusal.detail, options);
    this.refusal = refusal;
  }
}

/** The proxy did not do its part. Messages do not name it: attempts are shown to those who own endpoints. */
export function proxyFault(detail: string, cause?: Error): ProxyError {
  return new ProxyError({ kind: 'fault', reason: 'proxy_failed', detail }, { cause });
}
