/**
 * Encryption at rest: AES-256-GCM with a fresh random IV for each value. What is encrypted belongs to one place, a column
 * of an endpoint, and cannot be read anywhere else. Whoever can write to the store can still put a value of their own
 * in the place of another, or an older one of the same place; what they cannot do is read it, or give it to another endpoint.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { createSystemRandom } from '../../clock.ts';
import { expectKnownKeys, expectObject, unexpected, unexpectedWord } from '../../core/expect-value.ts';
import { OptionsError, StoreError } from '../../errors.ts';
import { decodeKeyText, readEncryptionKey } from './encryption-key.ts';
import { fingerprintKeys, type KeyFingerprints } from './key-fingerprints.ts';
import { formatSealedText, KEY_ID, parseSealedText } from './sealed-text.ts';

/** Keys with which a durable store encrypts secrets, credentials and sensitive headers of endpoints. */
export interface EncryptionOptions {
  /** Id of the key that encrypts from now on; one of `keys`. */
  readonly current: string;
  /**
   * All keys, by id: 32 bytes each, as bytes, base64, base64url or 64 hexadecimal digits. Ids are 1 to 64 of A-Z, a-z, 0-9, _ and -; they
   * stand in what is stored. Keys other than the current one only decrypt.
   */
  readonly keys: Readonly<Record<string, string | Uint8Array>>;
}

/** Where an encrypted value belongs. */
export interface SealedPlace {
  readonly endpointId: string;
  /** `secrets`, `headers.authorization`. */
  readonly column: string;
}

/** Encrypts and decrypts values of endpoints. */
export interface Keyring {
  /** Id of the key that encrypts. */
  readonly current: string;
  /** What other processes may know of the keys. */
  readonly fingerprints: KeyFingerprints;
  /** Whether a key of this id can decrypt. */
  has(keyId: string): boolean;
  /** The value as `enc:v1:<key id>:<base64url>`, different each time. Takes any text. */
  encrypt(text: string, place: SealedPlace): string;
  /**
   * The text that was given to `encrypt` for the same place.
   *
   * @throws StoreError of code `key_missing` when it was encrypted with a key that is not here, `decrypt_failed` when it
   * was changed, or belongs to another place
   */
  decrypt(value: string, place: SealedPlace): string;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A keyring of checked keys.
 *
 * @throws OptionsError naming the field, never showing a key
 */
export function createKeyring(options: EncryptionOptions): Keyring {
  const given = expectObject(options, 'encryption', 'an object of current and keys');
  expectKnownKeys(given, 'encryption', ['current', 'keys']);
  const keys = readKeys(given['keys'], 'encryption.keys');
  const current = given['current'];
  if (typeof current !== 'string' || !keys.has(current))
    throw unexpectedWord('encryption.current', 'the id of one of encryption.keys', [...keys.keys()], current);
  const currentKey = keys.get(current)!;
  const random = createSystemRandom();
  return {
    current,
    fingerprints: fingerprintKeys(current, keys),
    has: (keyId) => keys.has(keyId),
    encrypt: (text, place) =>
      formatSealedText(current, seal(text, currentKey, place, random.bytes(IV_BYTES))),
    decrypt: (value, place) => decrypt(value, place, keys),
  };
}

function readKeys(value: unknown, path: string): ReadonlyMap<string, KeyObject> {
  const entries = Object.entries(expectObject(value, path, 'an object of key ids and keys'));
  if (entries.length === 0) throw unexpected(path, 'at least one key', value);
  const keys = new Map<string, KeyObject>();
  for (const [id, text] of entries) {
    if (!KEY_ID.test(id)) throw unexpected(path, 'ids of 1 to 64 characters of A-Z, a-z, 0-9, _ and -', id);
    const key = readKey(id, text, path);
    for (const [otherId, other] of keys) {
      if (key.equals(other))
        throw new OptionsError(
          `${path}.${id}`,
          `${path}.${id}: expected a key of its own, got that of ${otherId}. Make a new one with: openssl rand -base64 32`,
        );
    }
    keys.set(id, key);
  }
  return keys;
}

/** Ids show in messages, and a key can look like an id. */
function readKey(id: string, value: unknown, path: string): KeyObject {
  try {
    return readEncryptionKey(value, `${path}.${id}`);
  } catch (error) {
    if (decodeKeyText(id) === undefined) throw error;
    throw new OptionsError(
      path,
      `${path}: expected { id: key }, got a key as id. Are the two the wrong way round?`,
    );
  }
}

/** base64url of IV, ciphertext and tag. The text goes in as JSON: UTF-8 alone would not bring back half a surrogate pair. */
function seal(text: string, key: KeyObject, place: SealedPlace, iv: Uint8Array): string {
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(bind(place));
  const encrypted = cipher.update(JSON.stringify(text), 'utf8');
  return Buffer.concat([iv, encrypted, cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function decrypt(value: string, place: SealedPlace, keys: ReadonlyMap<string, KeyObject>): string {
  const parts = parseSealedText(value);
  if (parts === undefined) throw decryptFailed(place, 'it is not encrypted');
  if (parts.version !== 1)
    throw decryptFailed(place, 'it has a form that this version of Posthorn does not know');
  const { keyId, payload } = parts;
  if (keyId === undefined || payload === undefined) throw decryptFailed(place, 'it is damaged');
  const key = keys.get(keyId);
  if (key === undefined) throw keyMissing(place, keyId);
  const text = open(payload, key, place);
  if (text !== undefined) return text;
  throw decryptFailed(
    place,
    `it was changed, or copied from another endpoint or field, or the id of the endpoint was changed, or the key ${keyId} is not the one it was encrypted with`,
    `Is the key ${keyId} right? If it is, restore`,
  );
}

function open(payload: string, key: KeyObject, place: SealedPlace): string | undefined {
  const bytes = Buffer.from(payload, 'base64url');
  // Not every text of the alphabet is one that was written here: the last character may have bits that do not count.
  if (bytes.length < IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== payload) return undefined;
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(bind(place)).setAuthTag(bytes.subarray(end));
  const decrypted = decipher.update(bytes.subarray(IV_BYTES, end));
  try {
    return JSON.parse(Buffer.concat([decrypted, decipher.final()]).toString('utf8')) as string;
  } catch {
    // The cause would say "unable to authenticate data", and nothing more.
    return undefined;
  }
}

/** JSON, so that no two places have the same bytes. */
function bind({ endpointId, column }: SealedPlace): Uint8Array {
  return Buffer.from(JSON.stringify(['posthorn', endpointId, column]));
}

/** @param restore - what comes before the advice to write anew: with a wrong key, that would lose what is stored */
function decryptFailed(place: SealedPlace, why: string, restore = 'Restore'): StoreError {
  return new StoreError(
    `Cannot decrypt ${describePlace(place)}: ${why}. ${restore} what was stored, or put the plain value in its place: ` +
      'it is encrypted when the endpoint is next written.',
    { code: 'decrypt_failed' },
  );
}

/** The error for a value whose key is not at hand. */
export function keyMissing(place: SealedPlace, keyId: string): StoreError {
  return new StoreError(
    `Cannot decrypt ${describePlace(place)}: it was encrypted with the key ${keyId}. Give the store this key, in ` +
      'encryption.keys. If it is lost, put the plain value in its place.',
    { code: 'key_missing' },
  );
}

function describePlace({ endpointId, column }: SealedPlace): string {
  return `${column} of endpoint ${JSON.stringify(endpointId)}`;
}
