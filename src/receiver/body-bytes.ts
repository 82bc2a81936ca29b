import { describeType } from '../core/describe-value.ts';
import { OptionsError } from '../errors.ts';

/** The body of a request as it came, before any parser. Text is taken for UTF-8. */
export type RawBody = string | Uint8Array | ArrayBuffer;

const encoder = new TextEncoder();

/** @throws OptionsError for a body that somebody has parsed, or not read: the caller's mistake, never the sender's */
export function toBodyBytes(rawBody: RawBody): Uint8Array<ArrayBuffer> {
  if (typeof rawBody === 'string') return encoder.encode(rawBody);
  // A copy: Web Crypto takes no shared memory, and the caller's buffer may be written to while it works.
  if (ArrayBuffer.isView(rawBody))
    return new Uint8Array(new Uint8Array(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength));
  // `instanceof` does not know an ArrayBuffer of another realm.
  if (Object.prototype.toString.call(rawBody) === '[object ArrayBuffer]')
    return new Uint8Array(new Uint8Array(rawBody));
  throw new OptionsError(
    'rawBody',
    `rawBody: expected the body as it came, a string, Uint8Array or ArrayBuffer, got ${describe(rawBody)}.`,
  );
}

function describe(value: unknown): string {
  if (value === undefined || value === null)
    return `${String(value)}: nothing has read the body, or a parser that came before gave it to somebody else`;
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise: await it';
  return (
    `${describeType(value)}: a body that was parsed. Written again it is another text, of which nobody made the signature; ` +
    'take the bytes before any JSON parser does'
  );
}
