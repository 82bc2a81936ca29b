/** The setting `tls`, checked with the library that will use it. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { EndpointTls } from '../core/endpoint-tls.ts';
import { OptionsError } from '../errors.ts';
import type { RequestTls } from '../transport/transport.ts';

/** @throws OptionsError naming the member that cannot be used; it shows nothing of a key */
export function planTls(tls: EndpointTls | false, path: string): RequestTls | undefined {
  if (tls === false) return undefined;
  const { cert, key, passphrase, ca, serverName } = tls;
  const certificate = cert === undefined ? undefined : readCertificate(cert, `${path}.cert`);
  if (ca !== undefined) readCertificate(ca, `${path}.ca`);
  if (key !== undefined && certificate?.checkPrivateKey(readKey(key, passphrase, path)) === false)
    throw new OptionsError(
      `${path}.key`,
      `${path}.key: it is not the key of the certificate in ${path}.cert.`,
    );
  try {
    // Also reads the rest of a chain, of which only the first certificate was looked at.
    createSecureContext({ cert, key, passphrase, ca });
  } catch {
    throw new OptionsError(path, `${path}: OpenSSL cannot use certificate and key together.`);
  }
  const identity = [cert, key, passphrase, ca, serverName];
  return { ...tls, id: createHash('sha256').update(JSON.stringify(identity)).digest('base64url') };
}

/** The same for requests to another host than the endpoint's. */
export function withoutServerName(tls: RequestTls | undefined): RequestTls | undefined {
  if (tls?.serverName === undefined) return tls;
  const { serverName: _other, ...rest } = tls;
  return { ...rest, id: `${tls.id} without server name` };
}

function readCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new OptionsError(path, `${path}: expected a certificate as PEM; OpenSSL cannot read this one.`);
  }
}

function readKey(pem: string, passphrase: string | undefined, path: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    const isLocked = ['ERR_MISSING_PASSPHRASE', 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED'].includes(
      (error as NodeJS.ErrnoException).code ?? '',
    );
    throw passphrase !== undefined || isLocked
      ? new OptionsError(
          `${path}.passphrase`,
          `${path}.passphrase: ${isLocked ? 'the key needs one' : 'the key cannot be read with it'}.`,
        )
      : new OptionsError(
          `${path}.key`,
          `${path}.key: expected a private key as PEM; OpenSSL cannot read this one.`,
        );
  }
}
