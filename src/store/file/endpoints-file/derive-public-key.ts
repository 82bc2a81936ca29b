import { createPrivateKey, createPublicKey } from 'node:crypto';

/** PKCS #8 of an ed25519 key, up to the 32 bytes of its seed (RFC 8410). */
const PKCS8_HEADER = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_BYTES = 32;

/** The 32 bytes of the ed25519 public key that belongs to a seed: people type the seed alone. */
export function derivePublicKey(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEADER, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(-PUBLIC_KEY_BYTES));
}
