/** Standard base64 without Node's Buffer, so that it also runs where receivers do: browsers and edge runtimes. */

/** `String.fromCharCode` takes its input as arguments, and engines limit their number. */
const CHUNK_BYTES = 8192;

export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(text);
}

/**
 * The bytes of canonical, padded, standard base64; `undefined` for anything else: other alphabets, white space, missing
 * padding, stray bits in the last character. Two texts that decode alike would otherwise pass for one secret.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  if (btoa(binary) !== text) return undefined;
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
