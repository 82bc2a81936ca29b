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

const LONE_SURROGATE = /\p{Surrogate}/u;

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
  if (typeof secret !== 'string') throw refuse(path, 'a string', `a value of type ${nameType(secret)}`);
  encodeTextSecret(secret, path);
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
  const expected = `"${SECRET_PREFIX}" and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes, as the signature scheme standard needs`;
  const got = key === undefined ? 'something else than standard base64' : `base64 of ${key.length} bytes`;
  throw refuse(path, expected, got);
}

/**
 * The key bytes of a secret that is taken literally.
 *
 * @throws OptionsError when it is empty, which anybody could sign with, or no valid Unicode
 */
export function encodeTextSecret(secret: string, path: string): Uint8Array {
  if (secret === '') throw refuse(path, 'at least one byte', 'an empty string');
  // Encoding would turn each half into U+FFFD, so different secrets would sign alike.
  if (LONE_SURROGATE.test(secret)) throw refuse(path, 'valid Unicode', 'half a surrogate pair');
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

/** Says what came without showing any of it. */
function refuse(path: string, expected: string, got: string): OptionsError {
  return new OptionsError(path, `${path}: expected a secret, ${expected}, got ${got}.`);
}

function nameType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
