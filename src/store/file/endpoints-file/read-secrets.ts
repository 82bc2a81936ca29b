import { describeType } from '../../../core/describe-value.ts';
import type { Secret } from '../../../core/endpoint.ts';
import { expectKnownKeys, unexpected } from '../../../core/expect-value.ts';
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { OptionsError } from '../../../errors.ts';
import { readInstant } from './instant-text.ts';

/** A secret as somebody typed it. */
export interface TypedSecret extends Omit<Secret, 'createdAt'> {
  readonly createdAt: number | undefined;
}

const SECRET_KEYS = [
  'value',
  'createdAt',
  'expiresAt',
  'standby',
] as const satisfies readonly (keyof Secret)[];

/**
 * The secrets of an endpoint in the file: `secret`, or `secrets` with texts and objects; undefined when it says nothing.
 *
 * @throws OptionsError that shows nothing of a secret
 */
export function readSecrets(raw: JsonObject, at: string): readonly TypedSecret[] | undefined {
  const { secret, secrets } = raw;
  if (secret !== undefined && secrets !== undefined)
    throw new OptionsError(`${at}.secrets`, `${at}.secrets: give either secret or secrets, not both`);
  if (secret !== undefined) return [readSecret(secret, `${at}.secret`)];
  if (secrets === undefined) return undefined;
  if (!Array.isArray(secrets)) throw refuse(`${at}.secrets`, 'a list of secrets', secrets);
  return secrets.map((item: JsonValue, index) => readSecret(item, `${at}.secrets[${index}]`));
}

function readSecret(raw: JsonValue, at: string): TypedSecret {
  if (typeof raw === 'string') return { value: raw, createdAt: undefined };
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw))
    throw refuse(at, 'a secret, as a text or as { "value": … }', raw);
  expectKnownKeys(raw, at, SECRET_KEYS);
  const { value, createdAt, expiresAt, standby } = raw as JsonObject;
  if (typeof value !== 'string') throw refuse(`${at}.value`, 'a secret as a text', value);
  if (standby !== undefined && typeof standby !== 'boolean')
    throw unexpected(`${at}.standby`, 'true or false', standby);
  return {
    value,
    createdAt: createdAt === undefined ? undefined : readInstant(createdAt, `${at}.createdAt`),
    ...(expiresAt === undefined ? {} : { expiresAt: readInstant(expiresAt, `${at}.expiresAt`) }),
    ...(standby === true ? { standby } : {}),
  };
}

function refuse(path: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(path, `${path}: expected ${expected}, got ${describeType(value)}.`);
}
