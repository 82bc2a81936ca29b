/** Signs with the built-in schemes. Keys are decoded once per endpoint; an attempt costs one signature per scheme and secret. */
import { createHmac, createSecretKey, type KeyObject, sign } from 'node:crypto';
import { decodeEd25519Secret, decodeStandardSecret, encodeTextSecret } from '../core/secret-format.ts';
import type { ResolvedSignature } from '../core/signature.ts';
import type { SignedContext } from '../core/signature-schemes.ts';
import { appendSignedHeaders } from '../core/signed-headers.ts';
import { toPrivateKey } from './ed25519.ts';

/** Signs the attempts of one endpoint. */
export interface Signer {
  /** Appends the headers of all built-in schemes, names and values in turn. `body` must be the very bytes that are sent. */
  sign(body: Uint8Array, context: SignedContext, headers: string[]): void;
}

type BuiltInSignature = ResolvedSignature & { readonly kind: 'built-in' };

/**
 * A signer for an endpoint. Schemes that can carry several signatures sign with every secret, others with the one at
 * `leadingIndex`. Without secrets nothing is signed. Named functions and `none` among the signatures are passed over.
 *
 * @throws OptionsError when a secret does not fit a scheme; the message does not show it
 */
export function createSigner(
  signatures: readonly ResolvedSignature[],
  secrets: readonly string[],
  leadingIndex = 0,
): Signer {
  const schemes = signatures.flatMap((signature) => {
    return signature.kind === 'built-in' ? [new KeyedScheme(signature, secrets, leadingIndex)] : [];
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

  constructor(scheme: BuiltInSignature, secrets: readonly string[], leadingIndex: number) {
    this.#scheme = scheme;
    this.#keys = secrets.flatMap((secret, index) =>
      scheme.isMultiValue || index === leadingIndex ? [toKey(scheme, secret, `secrets[${index}]`)] : [],
    );
  }

  sign(body: Uint8Array, context: SignedContext, headers: string[]): void {
    appendSignedHeaders(this.#scheme, context, this.#digests(body, context), headers);
  }

  #digests(body: Uint8Array, context: SignedContext): string[] {
    const { digest, algorithm } = this.#scheme;
    const signedPrefix = this.#scheme.signedPrefix(context);
    return this.#keys.map((key) =>
      algorithm === 'ed25519'
        ? sign(null, Buffer.concat([Buffer.from(signedPrefix), body]), key).toString(digest)
        : createHmac('sha256', key).update(signedPrefix).update(body).digest(digest),
    );
  }
}

function toKey({ secretFormat }: BuiltInSignature, secret: string, path: string): KeyObject {
  switch (secretFormat) {
    case 'standard':
      return createSecretKey(decodeStandardSecret(secret, path));
    case 'ed25519':
      return toPrivateKey(decodeEd25519Secret(secret, path).seed);
    case 'text':
      return createSecretKey(encodeTextSecret(secret, path));
  }
}
