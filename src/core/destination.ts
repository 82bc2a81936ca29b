/** A destination that comes with a message: an address and settings, without an endpoint that was registered. */
import { OptionsError } from '../errors.ts';
import { createEndpointRecord, type RecordSurroundings } from './endpoint-record.ts';
import { DELIVERY_SETTING_KEYS, type DeliverySettings, type EndpointRecord } from './endpoint.ts';
import { expectKnownKeys } from './expect-value.ts';
import type { JsonObject } from './json.ts';
import { isPlainJson } from './plain-json.ts';
import { resolveSignature } from './signature.ts';

/**
 * Where one message goes: `emit(type, data, { to: { url: job.callbackUrl } })`. Settings that it does not have are those
 * of the dispatcher.
 */
export interface Destination extends Omit<DeliverySettings, 'verification'> {
  /** Where requests go: `https://…` (or `http://…`), no credentials, no private address. */
  readonly url: string | URL;
  /** Short name for people, at most 256 characters; events and log lines show it. */
  readonly name?: string | undefined;
  /** Small JSON object of yours, at most 16 KiB; named functions see it. */
  readonly metadata?: JsonObject | undefined;
  /** Signing secret; `secrets` for several. Default: none, and requests go out unsigned: nobody could know a generated one. */
  readonly secret?: string | undefined;
  /** Signing secrets; schemes that can carry several signatures sign with each, others with the first. */
  readonly secrets?: readonly string[] | undefined;
}

const DESTINATION_KEYS: readonly (keyof Destination)[] = [
  'url',
  'name',
  'metadata',
  'secret',
  'secrets',
  ...DELIVERY_SETTING_KEYS.filter((key) => key !== 'verification'),
];

/** Members of an endpoint that a destination cannot have, and why. */
const REFUSED_KEYS: Readonly<Record<string, string>> = {
  events: 'it gets this one message, whatever its type. Leave it out, or register an endpoint',
  filter: 'it gets this one message, whatever is in it. Leave it out, or register an endpoint',
  tenant: 'it belongs to the tenant of the message. Give tenant beside to',
  id: 'its id follows from its settings; the receipt tells it. Leave it out, or register an endpoint',
  status: 'it gets this one message, so it is never disabled. Leave it out',
  verification: 'it gets the message that it came with, at once. Leave it out, or register an endpoint',
};

/**
 * The record of a hidden endpoint, as JSON carries it, under an empty id: what identifies it is for the caller to work out.
 *
 * @param path name of the destination in messages: `to[1]`
 * @throws OptionsError naming the field that is wrong
 */
export function createDestinationRecord(
  raw: object,
  path: string,
  tenant: string,
  surroundings: RecordSurroundings,
): EndpointRecord {
  for (const key of Object.keys(raw)) {
    if (Object.hasOwn(REFUSED_KEYS, key))
      throw new OptionsError(
        `${path}.${key}`,
        `${path}.${key}: a destination has none, because ${REFUSED_KEYS[key]}.`,
      );
  }
  expectKnownKeys(raw, path, DESTINATION_KEYS);
  const { defaults } = surroundings;
  const unverified = { ...surroundings, defaults: { ...defaults, verification: false as const } };
  const record = createEndpointRecord(raw, unverified, { id: () => '', secrets: () => [] }, path);
  for (const [key, value] of Object.entries(record)) {
    // Metadata was checked to be JSON, and may say how it becomes JSON. A Map of headers would come out empty.
    if (key !== 'metadata' && !isPlainJson(value))
      throw new OptionsError(`${path}.${key}`, `${path}.${key}: expected plain data, as JSON carries it.`);
  }
  checkSigned(record, path);
  const hidden: EndpointRecord = {
    ...record,
    tenant,
    events: [],
    hidden: true,
    // Destinations share lanes, so what a lane depends on is written down; another process may have other defaults.
    concurrency: record.concurrency ?? defaults.concurrency,
    ordering: record.ordering ?? defaults.ordering,
  };
  return JSON.parse(JSON.stringify(hidden)) as EndpointRecord;
}

/** A scheme that was asked for by name and has no key would leave out, in silence, what the receiver waits for. */
function checkSigned({ secrets, signatures = [] }: EndpointRecord, path: string): void {
  if (secrets.length > 0) return;
  const unkeyed = signatures.map(resolveSignature).find(({ kind }) => kind === 'built-in');
  if (unkeyed === undefined) return;
  throw new OptionsError(
    `${path}.secret`,
    `${path}.secret: expected a secret, because ${path}.signatures asks for ${JSON.stringify(unkeyed.name)}, got none. ` +
      'Give the secret of the receiver, or leave signatures out to send unsigned.',
  );
}
