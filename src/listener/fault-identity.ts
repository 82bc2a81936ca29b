import type { TlsOptions } from 'node:tls';
import { type Certificate, createCertificate } from './certificate.ts';
import type { TlsFault } from './faults/fault.ts';

/** The name of fault receivers, which their `lookup` resolves. Nobody has it: RFC 6761 keeps `.test` for tests. */
export const FAULT_HOST = 'receiver.test';

const OTHER_HOST = 'other.test';
const DAY_MS = 24 * 60 * 60 * 1000;

/** What a server shows, before and after it was mended, and what one must trust to believe it. */
export interface FaultIdentity {
  /** Undefined: it speaks no TLS. */
  readonly faulty: TlsOptions | undefined;
  readonly healthy: TlsOptions;
  /** Certificate authorities, PEM. */
  readonly ca: string;
}

/** A fresh identity. Only what the fault says is wrong with it. */
export function createIdentity(fault: TlsFault | undefined): FaultIdentity {
  const now = Date.now();
  const healthy = createCertificate({ host: FAULT_HOST, from: now - DAY_MS, to: now + DAY_MS });
  const shown = createCertificate({
    host: fault === 'other_host' ? OTHER_HOST : FAULT_HOST,
    from: now - 2 * DAY_MS,
    to: fault === 'expired' ? now - DAY_MS : now + DAY_MS,
  });
  const ca = fault === 'untrusted' ? healthy.cert : `${healthy.cert}${shown.cert}`;
  return { ca, healthy: { ...healthy }, faulty: serverOptions(fault, shown) };
}

function serverOptions(fault: TlsFault | undefined, identity: Certificate): TlsOptions | undefined {
  switch (fault) {
    case undefined:
    case 'stalled':
    case 'missing':
      return undefined;
    case 'outdated':
      // OpenSSL serves TLS 1.1 only at its lowest level of security.
      return { ...identity, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    case 'only_http2':
      return { ...identity, ALPNProtocols: ['h2'] };
    case 'wants_client':
      return { ...identity, requestCert: true, rejectUnauthorized: true };
    case 'valid':
    case 'untrusted':
    case 'expired':
    case 'other_host':
    case 'unexpected':
      return identity;
  }
}
