/** Signing secrets: which texts are accepted, and how new ones are made. No message ever shows one. */
import type { Random } from '../clock.ts';
import { OptionsError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { resolveSignature, type SignatureSetting } from './signature.ts';

/** In front of the base64 of a Standard Webhooks secret; may be left out. */
export const SECRET_PREFIX = 'whsec_';

const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;
const GENERATED_KEY_BYTES = 32;
/** Half of what SHA-256 can use; below, guessing is cheaper than it should be. */
const SHORT_SECRET_BYTES = 16;

const encoder = new TextEncoder();

/**
 * Checks a secret against all schemes that sign with it: `standard` wants base64 of 24 to 64 bytes, with or without
 * `whsec_`; every other scheme takes the text literally, `whsec_` included, and wants at least one byte.
 *
 * @throws OptionsError
 */
export function validateSecret(
  secret: unknown,
  path: string,
  signatures: readonly SignatureSetting[],
): string {
  if (typeof secret !== 'string') {
    throw new OptionsError(
      path,
      `${path}: expected a secret as a string, got a value of the type ${nameType(secret)}.`,
    );
  }
  if (secret === '')
    throw new OptionsError(path, `${path}: expected a secret of at least one byte, got an empty string.`);
  // Encoding would turn each lone surrogate into U+FFFD, so different secrets would sign alike.
  if (/\p{Surrogate}/u.test(secret))
    throw new OptionsError(path, `${path}: expected a secret of valid Unicode, got half a surrogate pair.`);
  if (signatures.some(needsStandardSecret)) decodeStandardSecret(secret, path);
  return secret;
}

/**
 * The key bytes of a Standard Webhooks secret.
 *
 * @throws OptionsError when it is not the base64 of 24 to 64 bytes
 */
export function decodeStandardSecret(secret: string, path: string): Uint8Array {
  const key = decodeBase64(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret);
  if (key !== undefined && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES) return key;
  const got =
    key === undefined ? 'something that is not padded standard base64' : `base64 of ${key.length} bytes`;
  throw new OptionsError(
    path,
    `${path}: expected "${SECRET_PREFIX}" and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes, as the signature scheme standard needs, got ${got}.`,
  );
}

/** The key bytes of a secret that is taken literally. */
export function encodeTextSecret(secret: string): Uint8Array {
  return encoder.encode(secret);
}

/** A sentence for the log when a literal secret has fewer than 16 bytes; `undefined` when it is long enough, or not taken literally. */
export function shortSecretWarning(
  secret: string,
  path: string,
  signatures: readonly SignatureSetting[],
): string | undefined {
  const size = encoder.encode(secret).length;
  if (size >= SHORT_SECRET_BYTES || !signatures.some(takesText)) return undefined;
  return `${path} has ${size} bytes. Secrets of fewer than ${SHORT_SECRET_BYTES} bytes can be guessed; use ${GENERATED_KEY_BYTES} random ones.`;
}

/**
 * A new secret of 32 random bytes that fits all the schemes: `whsec_` and base64 where `standard` is among them, else
 * 64 hexadecimal digits. `undefined` when nothing signs.
 */
export function generateSecret(signatures: readonly SignatureSetting[], random: Random): string | undefined {
  if (signatures.some(needsStandardSecret))
    return SECRET_PREFIX + encodeBase64(random.bytes(GENERATED_KEY_BYTES));
  if (!signatures.some(takesText)) return undefined;
  return Array.from(random.bytes(GENERATED_KEY_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function needsStandardSecret(setting: SignatureSetting): boolean {
  const signature = resolveSignature(setting);
  return signature.kind === 'built-in' && signature.secretFormat === 'standard';
}

/** Named functions get the secret as it is, too. */
function takesText(setting: SignatureSetting): boolean {
  return resolveSignature(setting).kind !== 'none' && !needsStandardSecret(setting);
}

/** Only the type: a secret given as a list or an object must not end up in a message either. */
function nameType(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
