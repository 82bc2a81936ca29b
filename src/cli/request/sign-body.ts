/** Signs a body as the dispatcher does. */
import { createHmac, createPrivateKey, createSecretKey, type KeyObject, sign } from 'node:crypto';
import { toPkcs8 } from '../../core/ed25519-der.ts';
import { decodeEd25519Secret, decodeStandardSecret, encodeTextSecret } from '../../core/secret-format.ts';
import { resolveSignature, validateSignature } from '../../core/signature.ts';
import type { SignatureScheme, SignedContext } from '../../core/signature-schemes.ts';
import { appendSignedHeaders } from '../../core/signed-headers.ts';
import { CliError, EXIT_CODE } from '../exit-code.ts';
import { atFlag, type SchemeSetting } from './signature-flags.ts';

export type BodySigner = (
  body: Uint8Array,
  context: SignedContext,
) => readonly (readonly [name: string, value: string])[];

/** What the headers of a scheme are named. */
export function resolveScheme(setting: SchemeSetting): SignatureScheme {
  const signature = atFlag(() => resolveSignature(validateSignature(setting, 'scheme', new Set())));
  if (signature.kind !== 'built-in') throw new Error(`${signature.name} is no scheme that signs.`);
  return signature;
}

/** @throws CliError when a secret does not fit the scheme */
export function createBodySigner(setting: SchemeSetting, secrets: readonly string[]): BodySigner {
  const scheme = resolveScheme(setting);
  if (secrets.length > 1 && !scheme.isMultiValue)
    throw new CliError(
      EXIT_CODE.wrongUse,
      `--secret: the scheme ${setting.scheme} carries one signature, and ${secrets.length} secrets were given.`,
    );
  const keys = atFlag(() => secrets.map((secret) => toKey(scheme, secret)));
  return (body, context) => {
    const content = Buffer.concat([Buffer.from(scheme.signedPrefix(context)), body]);
    const digests = keys.map((key) =>
      scheme.algorithm === 'ed25519'
        ? sign(null, content, key).toString(scheme.digest)
        : createHmac('sha256', key).update(content).digest(scheme.digest),
    );
    const flat: string[] = [];
    appendSignedHeaders(scheme, context, digests, flat);
    return Array.from(
      { length: flat.length / 2 },
      (_, index) => [flat[2 * index]!, flat[2 * index + 1]!] as const,
    );
  };
}

function toKey({ secretFormat }: SignatureScheme, secret: string): KeyObject {
  switch (secretFormat) {
    case 'standard':
      return createSecretKey(decodeStandardSecret(secret, 'secret'));
    case 'ed25519': {
      const key = Buffer.from(toPkcs8(decodeEd25519Secret(secret, 'secret').seed));
      return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    }
    case 'text':
      return createSecretKey(encodeTextSecret(secret, 'secret'));
  }
}
