/** Signatures with Web Crypto, which Node.js, Deno, Bun, browsers and edge runtimes have alike. */
import { decodeBase64 } from '../core/base64.ts';
import type { SignatureScheme } from '../core/signature-schemes.ts';
import { OptionsError } from '../errors.ts';

/** The bytes of a secret or public key. */
export type KeyBytes = Uint8Array<ArrayBuffer>;

/** Says whether a key made one of the signatures. */
export type CheckSignature = (
  signatures: readonly Uint8Array<ArrayBuffer>[],
  content: Uint8Array<ArrayBuffer>,
) => Promise<boolean>;

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;
const ED25519 = 'Ed25519';

/** How many bytes a signature has. */
export const SIGNATURE_BYTES: Readonly<Record<SignatureScheme['algorithm'], number>> = {
  'hmac-sha256': 32,
  ed25519: 64,
};

/** @throws OptionsError when this runtime cannot do it */
export async function importKey(
  algorithm: SignatureScheme['algorithm'],
  key: KeyBytes,
): Promise<CheckSignature> {
  const subtle = webCrypto();
  if (algorithm === 'hmac-sha256') {
    const secret = await subtle.importKey('raw', key, HMAC, false, ['sign']);
    return async (signatures, content) => {
      const expected = new Uint8Array(await subtle.sign(HMAC.name, secret, content));
      // All of them are compared: which one matched does not show in the time.
      return signatures.map((signature) => isEqual(signature, expected)).includes(true);
    };
  }
  const publicKey = await subtle.importKey('raw', key, ED25519, false, ['verify']).catch((cause: unknown) => {
    throw new OptionsError('publicKey', 'publicKey: the Web Crypto of this runtime takes no Ed25519 key.', {
      cause,
    });
  });
  return async (signatures, content) => {
    for (const signature of signatures)
      if (await subtle.verify(ED25519, publicKey, signature, content)) return true;
    return false;
  };
}

function webCrypto(): typeof crypto.subtle {
  // Pages without TLS and old runtimes lack it, whatever the types say.
  const { subtle } = (typeof crypto === 'undefined' ? {} : crypto) as Partial<typeof crypto>;
  if (subtle !== undefined) return subtle;
  throw new OptionsError('', 'This runtime has no Web Crypto (crypto.subtle), which verification needs.');
}

/** Takes the same time whatever the bytes are. Both have the length of a digest, which is no secret. */
function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) difference |= left[index]! ^ right[index]!;
  return difference === 0;
}

const HEX = /^(?:[0-9a-f]{2})*$/;

/** The bytes of a signature as a scheme writes it; `undefined` for another way to write the same bytes, or for none. */
export function decodeSignature(
  text: string,
  { digest, algorithm }: Pick<SignatureScheme, 'digest' | 'algorithm'>,
): Uint8Array<ArrayBuffer> | undefined {
  const bytes = digest === 'hex' ? decodeHex(text) : decodeBase64(text);
  return bytes?.length === SIGNATURE_BYTES[algorithm] ? bytes : undefined;
}

function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!HEX.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  );
}
