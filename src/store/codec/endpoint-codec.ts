/** Endpoints as a store keeps them: with a keyring, their secrets, credentials and sensitive headers are encrypted. */
import type { EndpointRecord } from '../../core/endpoint.ts';
import { isId } from '../../core/id.ts';
import { AUTH_CREDENTIALS } from '../../core/endpoint-auth.ts';
import { TLS_CREDENTIALS } from '../../core/endpoint-tls.ts';
import { isSensitiveHeader } from '../../core/sensitive-header.ts';
import { StoreError } from '../../errors.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { type Keyring, keyMissing, type SealedPlace } from './keyring.ts';
import { checkStored, parseStoredJson, recordInvalid } from './read-stored.ts';
import { isEncrypted, keyIdOf, markPlain, unmarkPlain } from './sealed-text.ts';

const CREDENTIALS: Readonly<Record<'auth' | 'tls', readonly string[]>> = {
  auth: AUTH_CREDENTIALS,
  tls: TLS_CREDENTIALS,
};

declare const sealed: unique symbol;

/** An endpoint in its stored form: a record whose values may be encrypted. Plain JSON, good for any text file or column. */
export type SealedEndpoint = EndpointRecord & { readonly [sealed]: true };

/**
 * The stored form of a record. With a keyring the values of its secrets, and of headers that carry credentials, are
 * encrypted with the current key; without one they stand as they are.
 */
export function sealEndpoint(record: EndpointRecord, keyring: Keyring | undefined): SealedEndpoint {
  return mapValues(record, (value, place, isSensitive) =>
    keyring !== undefined && isSensitive ? keyring.encrypt(value, place) : markPlain(value),
  ) as SealedEndpoint;
}

/**
 * Checks what a store gave back, without decrypting. Members that are not known are kept.
 *
 * @param expectedId id under which it was found; default: whatever it says
 * @throws StoreError of code `record_invalid` naming the endpoint and the field
 */
export function checkEndpoint(stored: unknown, expectedId?: string): SealedEndpoint {
  const name = nameOf(stored, expectedId);
  const record = checkStored(endpointSchema, stored, name, 'endpoint');
  // What is encrypted is bound to the id, so it must not stand under another.
  if (expectedId !== undefined && record.id !== expectedId)
    throw recordInvalid(name, `endpoint.id: expected ${JSON.stringify(expectedId)}, got another`);
  return record as SealedEndpoint;
}

/**
 * The record of what a store gave back.
 *
 * @param expectedId id under which it was found; default: whatever it says
 * @throws StoreError of code `record_invalid`, `key_missing` or `decrypt_failed`, naming the endpoint and the field
 */
export function openEndpoint(
  stored: unknown,
  keyring: Keyring | undefined,
  expectedId?: string,
): EndpointRecord {
  return unsealEndpoint(checkEndpoint(stored, expectedId), keyring);
}

/**
 * {@link openEndpoint} of what was checked already. Values that are not encrypted are taken as they are, with a keyring
 * too: {@link needsSealing} tells of them.
 *
 * @throws StoreError of code `key_missing` or `decrypt_failed`, naming the endpoint and the field
 */
export function unsealEndpoint(stored: EndpointRecord, keyring: Keyring | undefined): EndpointRecord {
  // A header is decrypted whatever its name: which ones are sensitive may change from version to version.
  return mapValues(stored, (value, place) => {
    if (!isEncrypted(value)) return unmarkPlain(value);
    if (keyring === undefined) throw encryptionMissing(place, value);
    return keyring.decrypt(value, place);
  });
}

/** {@link sealEndpoint} as JSON text, without U+0000 and half surrogate pairs whatever the record holds. */
export function encodeEndpoint(record: EndpointRecord, keyring: Keyring | undefined): string {
  return JSON.stringify(sealEndpoint(record, keyring));
}

/** {@link openEndpoint} of JSON text. @throws StoreError like it, also for what is no JSON */
export function decodeEndpoint(text: string, keyring: Keyring | undefined, id: string): EndpointRecord {
  return openEndpoint(parseStoredJson(text, nameOf(undefined, id), 'endpoint'), keyring, id);
}

/** Ids of the keys that values of a stored endpoint were encrypted with, each once. */
export function keyIdsOf(stored: EndpointRecord): readonly string[] {
  const ids = new Set<string>();
  for (const { value } of valuesOf(stored)) {
    const id = keyIdOf(value);
    if (id !== undefined) ids.add(id);
  }
  return [...ids];
}

/**
 * Checks that a stored endpoint can be decrypted by these keys, without doing it: for a store that is opened.
 *
 * @throws StoreError of code `key_missing` naming endpoint, field and key
 */
export function requireKeys(stored: EndpointRecord, keyring: Keyring | undefined): void {
  for (const { value, place } of valuesOf(stored)) {
    const keyId = keyIdOf(value);
    if (keyId === undefined) continue;
    if (keyring === undefined) throw encryptionMissing(place, value);
    if (!keyring.has(keyId)) throw keyMissing(place, keyId);
  }
}

/**
 * Whether writing a stored endpoint again would protect it better: a value that should be encrypted is not, or was
 * encrypted with a key other than the current one. False without a keyring.
 */
export function needsSealing(stored: EndpointRecord, keyring: Keyring | undefined): boolean {
  if (keyring === undefined) return false;
  return valuesOf(stored).some(({ value, isSensitive }) =>
    isEncrypted(value) ? keyIdOf(value) !== keyring.current : isSensitive,
  );
}

/** A value that may be encrypted, and where it stands. */
interface PlacedValue {
  readonly value: string;
  readonly place: SealedPlace;
  readonly isSensitive: boolean;
}

function valuesOf(record: EndpointRecord): readonly PlacedValue[] {
  const values: PlacedValue[] = [];
  mapValues(record, (value, place, isSensitive) => {
    values.push({ value, place, isSensitive });
    return value;
  });
  return values;
}

/** A copy with every value replaced that may be encrypted. */
function mapValues(
  record: EndpointRecord,
  replace: (value: string, place: SealedPlace, isSensitive: boolean) => string,
): EndpointRecord {
  const placeOf = (column: string): SealedPlace => ({ endpointId: record.id, column });
  // One place for all secrets: a rotation, or somebody with an editor, moves them within the list.
  const secrets = record.secrets.map((secret) => ({
    ...secret,
    value: replace(secret.value, placeOf('secrets'), true),
  }));
  const credentials = mapCredentials(record, (value, column) => replace(value, placeOf(column), true));
  if (record.headers === undefined) return { ...record, ...credentials, secrets };
  const headers = Object.entries(record.headers).map(([name, value]) => [
    name,
    replace(value, placeOf(`headers.${name.toLowerCase()}`), isSensitiveHeader(name)),
  ]);
  return {
    ...record,
    ...credentials,
    secrets,
    headers: Object.fromEntries(headers) as Readonly<Record<string, string>>,
  };
}

/** `auth` and `tls` with every credential in them replaced. What has another form is left as it is: nobody checked it yet. */
function mapCredentials(
  record: EndpointRecord,
  replace: (value: string, column: string) => string,
): Pick<EndpointRecord, 'auth' | 'tls'> {
  const mapped = (['auth', 'tls'] as const).flatMap((setting) => {
    const given: unknown = record[setting];
    if (typeof given !== 'object' || given === null) return [];
    const members = Object.entries(given).map(([key, value]: [string, unknown]) => {
      const isCredential = typeof value === 'string' && CREDENTIALS[setting].includes(key);
      return [key, isCredential ? replace(value, `${setting}.${key}`) : value];
    });
    return [[setting, Object.fromEntries(members)] as const];
  });
  return Object.fromEntries(mapped);
}

function nameOf(stored: unknown, expectedId: string | undefined): string {
  const id = expectedId ?? (stored as { readonly id?: unknown } | null | undefined)?.id;
  return isId(id) ? `endpoint ${JSON.stringify(id)}` : 'endpoint';
}

function encryptionMissing({ endpointId, column }: SealedPlace, value: string): StoreError {
  const keyId = keyIdOf(value);
  return new StoreError(
    `Cannot read ${column} of endpoint ${JSON.stringify(endpointId)}: it is encrypted` +
      `${keyId === undefined ? '' : ` with the key ${keyId}`}, and the store has no keys. ` +
      'Give the store the option encryption: { current, keys }.',
    { code: 'key_missing' },
  );
}
