/**
 * How values stand in a store that has keys, and in one that has none:
 * - `enc:v1:<key id>:<base64url>`: encrypted
 * - `enc:plain:<text>`: not encrypted; for a text that would otherwise be taken for one of these forms. Somebody who may
 *   create endpoints could store `enc:v1:…` as a secret, and no process would start any more.
 * - anything else: not encrypted, as it is
 */

/** Ids of keys; they stand in what is stored, between colons. */
export const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** A value taken apart. `keyId` and `payload` are undefined where it is damaged, or of a later version. */
export interface SealedText {
  readonly version: number;
  readonly keyId: string | undefined;
  readonly payload: string | undefined;
}

const ENCRYPTED = /^enc:v(\d+):/;
const PARTS = /^enc:v1:([A-Za-z0-9_-]{1,64}):([A-Za-z0-9_-]+)$/;
const PLAIN_PREFIX = 'enc:plain:';

/** Whether a stored value is encrypted, however damaged it may be. */
export function isEncrypted(text: string): boolean {
  return ENCRYPTED.test(text);
}

/** Id of the key that a stored value was encrypted with; `undefined` when it is not encrypted, or not readable as such. */
export function keyIdOf(text: string): string | undefined {
  return PARTS.exec(text)?.[1];
}

/** The parts of an encrypted value; `undefined` when it is not encrypted. */
export function parseSealedText(text: string): SealedText | undefined {
  const version = ENCRYPTED.exec(text)?.[1];
  if (version === undefined) return undefined;
  const [, keyId, payload] = PARTS.exec(text) ?? [];
  return { version: Number(version), keyId, payload };
}

/** The stored form of an encrypted value. */
export function formatSealedText(keyId: string, payload: string): string {
  return `enc:v1:${keyId}:${payload}`;
}

/** The stored form of a value that is not encrypted. */
export function markPlain(text: string): string {
  return isEncrypted(text) || text.startsWith(PLAIN_PREFIX) ? PLAIN_PREFIX + text : text;
}

/** The value that {@link markPlain} was given. */
export function unmarkPlain(text: string): string {
  return text.startsWith(PLAIN_PREFIX) ? text.slice(PLAIN_PREFIX.length) : text;
}
