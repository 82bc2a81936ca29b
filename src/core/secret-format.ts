/** How secrets are written, and the key bytes in them. No message ever shows a secret. */
import { OptionsError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

/**
 * `standard`: base64 of 24 to 64 bytes, with or without `whsec_`. `ed25519`: base64 of a seed of 32 bytes, with or without
 * its public key, with or without `whsk_`. `text`: the UTF-8 bytes of the secret as it is.
 */
export type SecretFormat = 'standard' | 'ed25519' | 'text';

/** In front of the base64 of a Standard Webhooks secret; may be left out. */
export const SECRET_PREFIX = 'whsec_';
/** In front of the base64 of an ed25519 seed and its public key; may be left out. */
export const PRIVATE_KEY_PREFIX = 'whsk_';
/** In front of the base64 of an ed25519 public key; may be left out. */
export const PUBLIC_KEY_PREFIX = 'whpk_';

const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;
const SEED_BYTES = 32;
const KEY_PAIR_BYTES = 64;
const PUBLIC_KEY_BYTES = 32;

const LONE_SURROGATE = /\p{Surrogate}/u;

const encoder = new TextEncoder();

/**
 * The key bytes of a Standard Webhooks secret.
 *
 * @throws OptionsError when it is not the base64 of 24 to 64 bytes
 */
export function decodeStandardSecret(secret: string, path: string): Uint8Array<ArrayBuffer> {
  const key = decodePrefixed(secret, SECRET_PREFIX);
  if (key !== undefined && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES) return key;
  const expected = `"${SECRET_PREFIX}" and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes, as the signature scheme standard needs`;
  throw refuseSecret(path, expected, describeBytes(key));
}

/** An ed25519 key: its seed and, where the secret says it, its public half. */
export interface KeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array | undefined;
}

/**
 * The halves of an ed25519 secret. Whether they belong together is not looked at.
 *
 * @throws OptionsError when it is not the base64 of 32 or 64 bytes
 */
export function decodeEd25519Secret(secret: string, path: string): KeyPair {
  const key = decodePrefixed(secret, PRIVATE_KEY_PREFIX);
  if (key?.length === SEED_BYTES) return { seed: key, publicKey: undefined };
  if (key?.length === KEY_PAIR_BYTES)
    return { seed: key.subarray(0, SEED_BYTES), publicKey: key.subarray(SEED_BYTES) };
  const expected = `"${PRIVATE_KEY_PREFIX}" and the base64 of ${KEY_PAIR_BYTES} bytes (an ed25519 seed and its public key) or of the seed alone, as the signature scheme standard-ed25519 needs`;
  throw refuseSecret(path, expected, describeBytes(key));
}

/** Seed and public key as a secret of 64 bytes. */
export function formatKeyPair(seed: Uint8Array, publicKey: Uint8Array): string {
  const bytes = new Uint8Array(KEY_PAIR_BYTES);
  bytes.set(seed);
  bytes.set(publicKey, SEED_BYTES);
  return PRIVATE_KEY_PREFIX + encodeBase64(bytes);
}

/** The public key that a secret of 64 bytes carries, as `whpk_…`; `undefined` for any other text. */
export function readPublicKey(secret: string): string | undefined {
  const key = decodePrefixed(secret, PRIVATE_KEY_PREFIX);
  return key?.length === KEY_PAIR_BYTES
    ? PUBLIC_KEY_PREFIX + encodeBase64(key.subarray(SEED_BYTES))
    : undefined;
}

/**
 * The bytes of a public key, as {@link readPublicKey} writes it.
 *
 * @throws OptionsError when it is not the base64 of 32 bytes
 */
export function decodePublicKey(publicKey: string, path: string): Uint8Array<ArrayBuffer> {
  const key = decodePrefixed(publicKey, PUBLIC_KEY_PREFIX);
  if (key?.length === PUBLIC_KEY_BYTES) return key;
  throw new OptionsError(
    path,
    `${path}: expected an ed25519 public key, "${PUBLIC_KEY_PREFIX}" and the base64 of ${PUBLIC_KEY_BYTES} bytes, got ${describeBytes(key)}.`,
  );
}

/**
 * The key bytes of a secret that is taken literally.
 *
 * @throws OptionsError when it is empty, which anybody could sign with, or no valid Unicode
 */
export function encodeTextSecret(secret: string, path: string): Uint8Array<ArrayBuffer> {
  if (secret === '') throw refuseSecret(path, 'at least one byte', 'an empty string');
  // Encoding would turn each half into U+FFFD, so different secrets would sign alike.
  if (LONE_SURROGATE.test(secret)) throw refuseSecret(path, 'valid Unicode', 'half a surrogate pair');
  return encoder.encode(secret);
}

/** Says what came without showing any of it. */
export function refuseSecret(path: string, expected: string, got: string): OptionsError {
  return new OptionsError(path, `${path}: expected a secret, ${expected}, got ${got}.`);
}

function decodePrefixed(secret: string, prefix: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeBase64(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret);
}

function describeBytes(key: Uint8Array | undefined): string {
  return key === undefined ? 'something else than standard base64' : `base64 of ${key.length} bytes`;
}
