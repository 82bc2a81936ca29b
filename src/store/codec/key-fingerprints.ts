import { createHmac, type KeyObject } from 'node:crypto';
import { KEY_ID } from './sealed-text.ts';

/** What may be told of a keyring: who has the same keys knows it, and nobody can make a key of it. */
export interface KeyFingerprints {
  /** Id of the key that encrypts. */
  readonly current: string;
  /** Of all keys, that one included: id and fingerprint. */
  readonly keys: readonly (readonly [id: string, fingerprint: string])[];
}

/** What is signed with each key. Another one makes all fingerprints differ: processes of both would refuse each other. */
const LABEL = 'posthorn key fingerprint v1';

/** Enough that no two keys meet by chance. */
const FINGERPRINT_BYTES = 16;

const FINGERPRINT = /^[A-Za-z0-9_-]{22}$/;

/** The fingerprints of keys. */
export function fingerprintKeys(current: string, keys: ReadonlyMap<string, KeyObject>): KeyFingerprints {
  return { current, keys: [...keys].map(([id, key]) => [id, fingerprint(key)]) };
}

/** Whether something that another process sent has this form. */
export function isKeyFingerprints(value: unknown): value is KeyFingerprints {
  const { current, keys } = (value ?? {}) as Partial<KeyFingerprints>;
  return (
    Array.isArray(keys) &&
    keys.every((entry: unknown) => Array.isArray(entry) && isEntry(entry)) &&
    keys.some(([id]) => id === current)
  );
}

function fingerprint(key: KeyObject): string {
  const digest = createHmac('sha256', key).update(LABEL).digest();
  return digest.subarray(0, FINGERPRINT_BYTES).toString('base64url');
}

// Ids of others stand in messages.
function isEntry([id, print]: readonly unknown[]): boolean {
  return typeof id === 'string' && KEY_ID.test(id) && typeof print === 'string' && FINGERPRINT.test(print);
}
