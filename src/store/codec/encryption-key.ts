/** Reads the keys that users give. No message shows one. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { describeType } from '../../core/describe-value.ts';
import { OptionsError } from '../../errors.ts';

const KEY_BYTES = 32;
const HEX = /^[0-9A-Fa-f]{64}$/;
/** 32 bytes are 43 characters, and one of padding. */
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/**
 * A key of 32 bytes, given as bytes, base64, base64url or 64 hexadecimal digits. White space around a text does not
 * count: keys are read from files that end with a newline.
 *
 * @throws OptionsError that shows nothing of it
 */
export function readEncryptionKey(value: unknown, path: string): KeyObject {
  const bytes = isUint8Array(value) ? value : typeof value === 'string' ? decodeKeyText(value) : undefined;
  if (bytes?.length === KEY_BYTES) return createSecretKey(bytes);
  throw new OptionsError(
    path,
    `${path}: expected a key of ${KEY_BYTES} bytes, as bytes, base64 or ${2 * KEY_BYTES} hexadecimal digits, got ${describeKey(value)}. ` +
      'Make one with: openssl rand -base64 32',
  );
}

/** The 32 bytes that a text stands for; `undefined` when it is no key. */
export function decodeKeyText(text: string): Uint8Array | undefined {
  const trimmed = text.trim();
  if (HEX.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (!BASE64.test(trimmed)) return undefined;
  const bytes = Buffer.from(trimmed, 'base64url');
  // Stray bits in the last character: somebody made it up, or it was cut.
  const isExact = bytes.toString('base64url') === toBase64Url(trimmed);
  return isExact ? bytes : undefined;
}

function toBase64Url(text: string): string {
  return text.replace('=', '').replaceAll('+', '-').replaceAll('/', '_');
}

function describeKey(value: unknown): string {
  if (isUint8Array(value)) return `${value.length} bytes`;
  if (typeof value === 'string') return `a text of ${value.trim().length} characters`;
  const hint = value === undefined ? '; is the environment variable set?' : '';
  return describeType(value) + hint;
}
