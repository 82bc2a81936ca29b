/** Signing secrets: which texts are accepted, and how new ones are made. No message ever shows one. */
import type { Random } from '../clock.ts';
import { encodeBase64 } from './base64.ts';
import {
  decodeEd25519Secret,
  decodeStandardSecret,
  encodeTextSecret,
  formatKeyPair,
  PRIVATE_KEY_PREFIX,
  readPublicKey,
  refuseSecret,
  SECRET_PREFIX,
  type SecretFormat,
} from './secret-format.ts';
import { resolveSignature, type SignatureSetting } from './signature.ts';

const GENERATED_KEY_BYTES = 32;
/** Half of what SHA-256 can use; below, guessing is cheaper than it should be. */
const SHORT_SECRET_BYTES = 16;

const encoder = new TextEncoder();

/** The public key of an ed25519 seed. Passed in: the arithmetic is not ours. */
export type DerivePublicKey = (seed: Uint8Array) => Uint8Array;

/**
 * Checks a secret against all schemes that sign with it: `standard` wants base64 of 24 to 64 bytes, with or without
 * `whsec_`; `standard-ed25519` base64 of 32 or 64 bytes, with or without `whsk_`; every other scheme takes the text
 * literally, prefix included, and wants at least one byte.
 *
 * @throws OptionsError
 */
export function validateSecret(
  secret: unknown,
  path: string,
  signatures: readonly SignatureSetting[],
): string {
  if (typeof secret !== 'string') throw refuseSecret(path, 'a string', `a value of type ${nameType(secret)}`);
  encodeTextSecret(secret, path);
  if (needs('standard', signatures)) decodeStandardSecret(secret, path);
  if (needs('ed25519', signatures)) decodeEd25519Secret(secret, path);
  return secret;
}

/**
 * Checks a secret like {@link validateSecret}, and gives it the form in which it is stored: where `standard-ed25519` signs
 * with it, `whsk_` and the base64 of seed and public key.
 *
 * @throws OptionsError, also for a public key that belongs to another seed
 */
export function completeSecret(
  secret: unknown,
  path: string,
  signatures: readonly SignatureSetting[],
  derivePublicKey: DerivePublicKey,
): string {
  const text = validateSecret(secret, path, signatures);
  if (!needs('ed25519', signatures)) return text;
  const { seed, publicKey } = decodeEd25519Secret(text, path);
  const derived = derivePublicKey(seed);
  if (publicKey !== undefined && !publicKey.every((byte, index) => byte === derived[index]))
    throw refuseSecret(
      path,
      'an ed25519 seed followed by its own public key; give the seed alone to have it added',
      'the public key of another seed',
    );
  return formatKeyPair(seed, derived);
}

/** The public key of a stored secret, as `whpk_…`, if `standard-ed25519` signs with it. */
export function publicKeyOf(secret: string, signatures: readonly SignatureSetting[]): string | undefined {
  return needs('ed25519', signatures) ? readPublicKey(secret) : undefined;
}

/** A sentence for the log when a literal secret has fewer than 16 bytes; `undefined` when it is long enough, or not taken literally. */
export function shortSecretWarning(
  secret: string,
  path: string,
  signatures: readonly SignatureSetting[],
): string | undefined {
  const size = encoder.encode(secret).length;
  if (size >= SHORT_SECRET_BYTES || !needs('text', signatures)) return undefined;
  return `${path} has ${size} bytes. Secrets of fewer than ${SHORT_SECRET_BYTES} bytes can be guessed; use ${GENERATED_KEY_BYTES} random ones.`;
}

/**
 * A new secret of 32 random bytes that fits all the schemes: `whsec_` and base64 where `standard` is among them, `whsk_`
 * and base64 (a seed, to be completed) where `standard-ed25519` is, else 64 hexadecimal digits. `undefined` when nothing
 * signs.
 */
export function generateSecret(signatures: readonly SignatureSetting[], random: Random): string | undefined {
  if (needs('standard', signatures)) return SECRET_PREFIX + encodeBase64(random.bytes(GENERATED_KEY_BYTES));
  if (needs('ed25519', signatures))
    return PRIVATE_KEY_PREFIX + encodeBase64(random.bytes(GENERATED_KEY_BYTES));
  if (!needs('text', signatures)) return undefined;
  return Array.from(random.bytes(GENERATED_KEY_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether any of the schemes takes secrets of this format. Named functions get the text as it is. */
function needs(format: SecretFormat, signatures: readonly SignatureSetting[]): boolean {
  return signatures.some((setting) => {
    const signature = resolveSignature(setting);
    if (signature.kind === 'none') return false;
    return (signature.kind === 'built-in' ? signature.secretFormat : 'text') === format;
  });
}

function nameType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
