/** Signs with the built-in schemes. Keys are decoded once per endpoint; an attempt costs one HMAC per scheme and secret. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { decodeStandardSecret, encodeTextSecret } from '../core/secret.ts';
import type { ResolvedSignature, SignedContext } from '../core/signature.ts';

/** Signs the attempts of one endpoint. */
export interface Signer {
  /** Appends the headers of all built-in schemes, names and values in turn. `body` must be the very bytes that are sent. */
  sign(body: Uint8Array, context: SignedContext, headers: string[]): void;
}

type BuiltInSignature = ResolvedSignature & { readonly kind: 'built-in' };

/**
 * A signer for an endpoint. Schemes that can carry several signatures sign with every secret, others with the first.
 * Without secrets nothing is signed. Named functions and `none` among the signatures are passed over.
 *
 * @throws OptionsError when a secret does not fit a scheme; the message does not show it
 */
export function createSigner(signatures: readonly ResolvedSignature[], secrets: readonly string[]): Signer {
  const schemes = signatures.flatMap((signature) => {
    return signature.kind === 'built-in' ? [new KeyedScheme(signature, secrets)] : [];
  });
  return {
    sign(body, context, headers) {
      for (const scheme of schemes) scheme.sign(body, context, headers);
    },
  };
}

class KeyedScheme implements Signer {
  readonly #scheme: BuiltInSignature;
  readonly #keys: readonly KeyObject[];

  constructor(scheme: BuiltInSignature, secrets: readonly string[]) {
    const used = scheme.isMultiValue ? secrets : secrets.slice(0, 1);
    this.#scheme = scheme;
    this.#keys = used.map((secret, index) => toKey(scheme, secret, `secrets[${index}]`));
  }

  sign(body: Uint8Array, context: SignedContext, headers: string[]): void {
    const { idHeader, timestampHeader, header, identifiesUnsigned } = this.#scheme;
    const isSigned = this.#keys.length > 0;
    if (!isSigned && !identifiesUnsigned) return;
    if (idHeader !== undefined) headers.push(idHeader, context.messageId);
    if (timestampHeader !== undefined) headers.push(timestampHeader, String(context.timestampSeconds));
    if (isSigned) headers.push(header, this.#headerValue(body, context));
  }

  #headerValue(body: Uint8Array, context: SignedContext): string {
    const { prefix, digest } = this.#scheme;
    const signedPrefix = this.#scheme.signedPrefix(context);
    const signatures: string[] = [];
    for (const key of this.#keys) {
      signatures.push(prefix + createHmac('sha256', key).update(signedPrefix).update(body).digest(digest));
    }
    return this.#scheme.headerValue(signatures, context);
  }
}

function toKey(scheme: BuiltInSignature, secret: string, path: string): KeyObject {
  const isStandard = scheme.secretFormat === 'standard';
  return createSecretKey(isStandard ? decodeStandardSecret(secret, path) : encodeTextSecret(secret, path));
}
