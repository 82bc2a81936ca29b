import type { Random } from '../clock.ts';

const TOKEN_BYTES = 16;

/** Ids given by callers: no dot (it separates the parts of the signed string), nothing that needs escaping in a header. */
const ID_SYNTAX = /^[A-Za-z0-9_-]{1,256}$/;

export const ID_EXPECTED = '1 to 256 characters of A-Z, a-z, 0-9, _ and -';

/** Begins the ids of hidden endpoints, and of the lanes they share. Registered endpoints cannot have it. */
export const HIDDEN_ID_PREFIX = 'adhoc_';

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_SYNTAX.test(value);
}

/** An unguessable token: 128 random bits in 22 characters of base64url. */
export function createToken(random: Random): string {
  const bytes = random.bytes(TOKEN_BYTES);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

export function createId(prefix: string, random: Random): string {
  return prefix + createToken(random);
}

/** Databases and headers refuse some control characters, and half a surrogate pair is no character at all. */
const FORBIDDEN_IN_NAME = /[\p{Cc}\p{Surrogate}]/u;
const MAX_NAME_LENGTH = 256;

export const NAME_EXPECTED = `1 to ${MAX_NAME_LENGTH} characters, none of them a control character`;

/** Tenants and keys: any text that every store can keep. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_NAME_LENGTH &&
    !FORBIDDEN_IN_NAME.test(value)
  );
}
