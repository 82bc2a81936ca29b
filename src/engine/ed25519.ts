/** ed25519 keys for node:crypto, which takes them in DER only. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { toPkcs8 } from '../core/ed25519-der.ts';

const PUBLIC_KEY_BYTES = 32;

/** The key that signs, from its seed of 32 bytes. */
export function toPrivateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(toPkcs8(seed)), format: 'der', type: 'pkcs8' });
}

/** The 32 bytes of the public key that belongs to a seed. */
export function derivePublicKey(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(toPrivateKey(seed)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(-PUBLIC_KEY_BYTES));
}
