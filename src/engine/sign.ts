/** Signs with the built-in schemes. Keys are decoded once per endpoint; an attempt costs one HMAC per scheme and secret. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { decodeStandardSecret, encodeTextSecret } from '../core/secret.ts';
import type { ResolvedSignature, SignedContext } from '../core/signature.ts';

/** Signs the attempts of one endpoint. */
export interface Signer {
  /**
   * Appends the headers of all built-in schemes, name and value in turn. `body` must be the very bytes that are sent.
   */
  sign(body: Uint8Array, context: SignedContext, headers: string[]): void;
}

interface KeyedScheme {
  readonly scheme: BuiltInSignature;
  readonly keys: readonly KeyObject[];
}

type BuiltInSignature = ResolvedSignature & { readonly kind: 'built-in' };

/**
 * A signer for an endpoint. Schemes that can carry several signatures sign with every secret, others with the first.
 * Without secrets nothing is signed. Named functions and `none` among the signatures are passed over.
 *
 * @throws OptionsError when a secret does not fit a scheme; the message does not show it
 */
export function createSigner(signatures: readonly ResolvedSignature[], secrets: readonly string[]): Signer {
  const keyed: KeyedScheme[] = [];
  for (const scheme of signatures) {
    if (scheme.kind !== 'built-in') continue;
    const used = scheme.isMultiValue ? secrets : secrets.slice(0, 1);
    keyed.push({ scheme, keys: used.map((secret, index) => toKey(scheme, secret, `secrets[${index}]`)) });
  }
  return {
    sign(body, context, headers) {
      for (const { scheme, keys } of keyed) writeScheme(scheme, keys, { body, context, headers });
    },
  };
}

function toKey(scheme: BuiltInSignature, secret: string, path: string): KeyObject {
  const isStandard = scheme.secretFormat === 'standard';
  return createSecretKey(isStandard ? decodeStandardSecret(secret, path) : encodeTextSecret(secret));
}

interface SigningRequest {
  readonly body: Uint8Array;
  readonly context: SignedContext;
  readonly headers: string[];
}

function writeScheme(
  scheme: BuiltInSignature,
  keys: readonly KeyObject[],
  { body, context, headers }: SigningRequest,
): void {
  if (keys.length === 0 && !scheme.identifiesUnsigned) return;
  if (scheme.idHeader !== undefined) headers.push(scheme.idHeader, context.messageId);
  if (scheme.timestampHeader !== undefined)
    headers.push(scheme.timestampHeader, String(context.timestampSeconds));
  if (keys.length === 0) return;
  const signedPrefix = scheme.signedPrefix(context);
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', key);
    if (signedPrefix !== '') hmac.update(signedPrefix);
    return scheme.prefix + hmac.update(body).digest(scheme.digest);
  });
  headers.push(scheme.header, scheme.headerValue(signatures, context));
}
