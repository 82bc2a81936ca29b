/** PKCS #8 of an ed25519 key, up to the 32 bytes of its seed (RFC 8410). */
const PKCS8_HEADER = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/** An ed25519 private key in DER, the only form in which node:crypto takes one, from its seed of 32 bytes. */
export function toPkcs8(seed: Uint8Array): Uint8Array {
  return Uint8Array.of(...PKCS8_HEADER, ...seed);
}
