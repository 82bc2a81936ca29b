/** API keys: `Authorization: Bearer KEY`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { OptionsError } from '../errors.ts';
import { type Authorize, findPrincipalProblem, type Principal } from './principal.ts';

/** An API key and who has it. Give `key`, or `sha256` where keys are not to lie about. */
export interface ApiKey extends Principal {
  /** The key itself, at least 16 characters. */
  readonly key?: string | undefined;
  /** The SHA-256 of the key, as 64 hex digits. */
  readonly sha256?: string | undefined;
}

/** Finds who has a key by its SHA-256 in hex, in a database for example; `undefined` when nobody has. */
export type FindKey = (sha256: string) => Principal | undefined | Promise<Principal | undefined>;

const MIN_KEY_LENGTH = 16;
const MAX_KEY_LENGTH = 512;
const BEARER = /^Bearer +([\w~+/.-]+=*)$/i;

/**
 * `authorize` by API keys: `bearerKeys([{ key, id: 'user-1', tenant: 'user-1', scopes: ['read', 'write'] }])`, or
 * `bearerKeys((sha256) => findInDatabase(sha256))`. Keys are compared by their digests, all of them, in constant time.
 *
 * @throws OptionsError for keys that are short, or no digests, and for a wrong id, tenant or scope
 */
export function bearerKeys(keys: readonly ApiKey[] | FindKey): Authorize {
  const find = typeof keys === 'function' ? keys : findAmong(keys);
  return (request) => {
    const [, key] = BEARER.exec(request.headers.get('authorization') ?? '') ?? [];
    return key === undefined || key.length > MAX_KEY_LENGTH ? undefined : find(digest(key).toString('hex'));
  };
}

function findAmong(keys: readonly ApiKey[]): FindKey {
  if (!Array.isArray(keys) || keys.length === 0)
    throw new OptionsError(
      'keys',
      'keys: expected a list of at least one key, or a function that finds one.',
    );
  const known = (keys as readonly ApiKey[]).map(readKey);
  return (sha256) => {
    const sought = Buffer.from(sha256, 'hex');
    // All of them, whichever it is.
    const found = known.filter(({ digest: each }) => timingSafeEqual(each, sought));
    return found[0]?.principal;
  };
}

/** Whose it is, is looked at now, and not at the first call that has the key. */
function readKey(
  { key, sha256, ...principal }: ApiKey,
  index: number,
): { readonly principal: Principal; readonly digest: Buffer } {
  const path = `keys[${index}]`;
  const read = digestOf({ key, sha256 }, path);
  const problem = findPrincipalProblem(principal);
  if (problem === undefined) return { principal, digest: read };
  throw new OptionsError(
    `${path}.${problem.member}`,
    `${path}.${problem.member}: expected ${problem.expected}.`,
  );
}

function digestOf({ key, sha256 }: Pick<ApiKey, 'key' | 'sha256'>, path: string): Buffer {
  if ((key === undefined) === (sha256 === undefined))
    throw new OptionsError(
      path,
      `${path}: expected either key or sha256, got ${key === undefined ? 'none. Is an environment variable missing?' : 'both.'}`,
    );
  if (sha256 !== undefined) {
    if (/^[0-9a-f]{64}$/i.test(sha256)) return Buffer.from(sha256, 'hex');
    throw new OptionsError(`${path}.sha256`, `${path}.sha256: expected 64 hex digits.`);
  }
  if (
    typeof key === 'string' &&
    key.length >= MIN_KEY_LENGTH &&
    key.length <= MAX_KEY_LENGTH &&
    BEARER.test(`Bearer ${key}`)
  )
    return digest(key);
  throw new OptionsError(
    `${path}.key`,
    `${path}.key: expected ${MIN_KEY_LENGTH} to ${MAX_KEY_LENGTH} letters, digits and -._~+/, as a header carries them.`,
  );
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
