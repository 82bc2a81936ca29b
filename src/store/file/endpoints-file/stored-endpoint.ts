/** An endpoint as it stands in the file. */
import { DELIVERY_SETTING_KEYS, type EndpointRecord, type Secret } from '../../../core/endpoint.ts';
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { sealEndpoint } from '../../codec/endpoint-codec.ts';
import type { Keyring } from '../../codec/keyring.ts';
import { ENABLED, saysEnabled, withEnabled } from './enabled-word.ts';
import { writeInstant } from './instant-text.ts';

/** Members of an endpoint in the file, in this order: what people look for first, what Posthorn writes last. */
export const ENDPOINT_KEYS = [
  'id',
  'url',
  'events',
  'filter',
  'name',
  'description',
  'tenant',
  'status',
  'disabledReason',
  'held',
  'failing',
  ...DELIVERY_SETTING_KEYS,
  'metadata',
  'verificationState',
  'lane',
  'secrets',
  'createdAt',
  'updatedAt',
  'revision',
] as const satisfies readonly (keyof EndpointRecord)[];

/** Compile-time proof that no member is forgotten: it would be lost with the next write. */
type Forgotten = Exclude<keyof EndpointRecord, (typeof ENDPOINT_KEYS)[number] | 'hidden'>;
true satisfies [Forgotten] extends [never] ? true : false;

const KEYS_WITH_ENABLED = ENDPOINT_KEYS.map((key) => (key === 'status' ? ENABLED : key));

/**
 * The JSON of a record. With a keyring its secrets, credentials and sensitive headers are encrypted.
 *
 * @param before how it stood in the file; members that mean nothing here are kept, where they were
 */
export function toStoredEndpoint(
  record: EndpointRecord,
  keyring: Keyring | undefined,
  before: JsonObject = {},
): JsonObject {
  const { secrets, createdAt, updatedAt, hidden: _never, ...rest } = sealEndpoint(record, keyring);
  const stored = JSON.parse(
    JSON.stringify({
      ...rest,
      secrets: secrets.map(toStoredSecret),
      createdAt: writeInstant(createdAt),
      updatedAt: writeInstant(updatedAt),
    }),
  ) as JsonObject;
  return saysEnabled(before)
    ? orderLike(KEYS_WITH_ENABLED, withEnabled(stored), before, ['secret'])
    : orderLike(ENDPOINT_KEYS, stored, before, ['secret']);
}

function toStoredSecret({ value, createdAt, expiresAt, standby }: Secret): object {
  return {
    value,
    createdAt: writeInstant(createdAt),
    ...(expiresAt === undefined ? {} : { expiresAt: writeInstant(expiresAt) }),
    ...(standby === undefined ? {} : { standby }),
  };
}

/**
 * Known members in the order of `keys`; members of `before` that are not known stay behind the one they stood behind.
 *
 * @param dropped members of `before` that are not kept
 */
export function orderLike(
  keys: readonly string[],
  values: JsonObject,
  before: JsonObject,
  dropped: readonly string[] = [],
): JsonObject {
  const entries: { readonly key: string; readonly value: JsonValue; readonly rank: number }[] = [];
  for (const [index, key] of keys.entries()) {
    const value = values[key];
    if (Object.hasOwn(values, key) && value !== undefined) entries.push({ key, value, rank: index });
  }
  let rank = -1;
  for (const [key, value] of Object.entries(before)) {
    const index = keys.indexOf(key);
    if (index >= 0) rank = index;
    else if (!dropped.includes(key)) entries.push({ key, value, rank });
  }
  entries.sort((a, b) => a.rank - b.rank);
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}
