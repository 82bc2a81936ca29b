/** Data that stands for bytes: its base64 text, which is what `emit` makes of a `Uint8Array`. */
import { PayloadError } from '../errors.ts';
import { decodeBase64 } from './base64.ts';
import { describeType } from './describe-value.ts';
import { unexpected } from './expect-value.ts';
import { validateHeaderValue } from './header-rules.ts';

/**
 * The bytes that data stands for.
 *
 * @throws PayloadError when it is not the base64 of any; nothing of the data is shown
 */
export function toBinary(dataJson: string): Uint8Array {
  const data = JSON.parse(dataJson) as unknown;
  const bytes = typeof data === 'string' ? decodeBase64(data) : undefined;
  if (bytes !== undefined) return bytes;
  const got = typeof data === 'string' ? 'another text' : describeType(data);
  throw new PayloadError(
    'data',
    `the envelope bytes sends data that is the base64 of bytes (standard alphabet, padded), got ${got}. ` +
      'Emit a Uint8Array or its base64, or give the endpoint another envelope.',
  );
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[ \t]*(?:;.*)?$/;

/** @throws OptionsError */
export function validateMediaType(value: unknown, path: string): void {
  if (typeof value !== 'string' || !MEDIA_TYPE.test(value))
    throw unexpected(path, "a media type such as 'application/pdf'", value);
  validateHeaderValue('content-type', value, path);
}
