import type { Random } from '../clock.ts';

const TOKEN_BYTES = 16;

/** Ids given by callers: no dot (it separates the parts of the signed string), nothing that needs escaping in a header. */
const ID_SYNTAX = /^[A-Za-z0-9_-]{1,256}$/;

export const ID_EXPECTED = '1 to 256 characters of A-Z, a-z, 0-9, _ and -';

/** How generated ids begin; each 1 to 32 characters of `A-Za-z0-9_-`. */
export interface IdPrefixes {
  /** Of endpoints; not `adhoc_`, which hidden ones have. Default `'ep_'`. */
  endpoint?: string | undefined;
  /** Of messages, which receivers see. Default `'msg_'`. */
  message?: string | undefined;
}

const ID_PREFIX_SYNTAX = /^[A-Za-z0-9_-]{1,32}$/;

export const ID_PREFIX_EXPECTED = '1 to 32 characters of A-Z, a-z, 0-9, _ and -';

/** What generated ids may begin with: short enough to leave room for the rest. */
export function isIdPrefix(value: unknown): value is string {
  return typeof value === 'string' && ID_PREFIX_SYNTAX.test(value);
}

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

/** In the order of their codes, which is how databases compare ids. */
const ORDERED_DIGITS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const INSTANT_DIGITS = 8;
const RANDOM_DIGITS = 14;
const RANDOM_BYTES = 11;

/**
 * An unguessable id that is greater than those of earlier milliseconds: the instant in 8 digits, 84 random bits in 14. Ids that come together are
 * neighbours in every index; scattered ones would each change a page of it.
 */
export function createOrderedId(prefix: string, now: number, random: Random): string {
  const bytes = random.bytes(RANDOM_BYTES);
  const token = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
  return prefix + instantDigits(now) + token.slice(0, RANDOM_DIGITS);
}

let lastInstant: { readonly now: number; readonly digits: string } | undefined;

/** Many ids are made in one millisecond. */
function instantDigits(now: number): string {
  if (lastInstant?.now === now) return lastInstant.digits;
  let rest = Math.max(0, Math.trunc(now));
  let digits = '';
  for (let place = 0; place < INSTANT_DIGITS; place += 1) {
    digits = ORDERED_DIGITS.charAt(rest % ORDERED_DIGITS.length) + digits;
    rest = Math.floor(rest / ORDERED_DIGITS.length);
  }
  lastInstant = { now, digits };
  return digits;
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
