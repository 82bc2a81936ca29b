/** Reads the option `to` of an emit: who gets a message, whatever patterns and filters say. */
import type { Destination } from '../core/destination.ts';
import { describeType, describeValue } from '../core/describe-value.ts';
import { unexpected } from '../core/expect-value.ts';
import { HIDDEN_ID_PREFIX, isId, isName, NAME_EXPECTED } from '../core/id.ts';
import { DEFAULT_TENANT } from '../core/message.ts';
import { OptionsError } from '../errors.ts';
import type { Destinations } from './destinations.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';

/** An endpoint by its id, or a destination. */
export type Recipient = string | EndpointRuntime;

/** What the option `to` of an emit takes. */
export type RecipientInput = string | Destination | readonly (string | Destination)[];

export function recipientId(recipient: Recipient): string {
  return typeof recipient === 'string' ? recipient : recipient.record.id;
}

/**
 * Who gets a message, when its emit says so. Nothing of what it was given is kept: the caller may change it afterwards.
 *
 * @throws OptionsError naming what is wrong: `to[1].url`
 */
export function readRecipients(
  options: { readonly to?: unknown; readonly tenant?: string | undefined } | undefined,
  destinations: Destinations,
): readonly Recipient[] | undefined {
  if (options?.to === undefined) return undefined;
  const { to, tenant = DEFAULT_TENANT } = options;
  if (!isName(tenant)) throw unexpected('tenant', NAME_EXPECTED, tenant);
  if (!Array.isArray(to)) return [readRecipient(to, 'to', tenant, destinations)];
  if (to.length === 0)
    throw new OptionsError('to', 'to: expected at least one recipient, got an empty list.');
  // Not map, which would pass over holes.
  return Array.from(to, (item, index) => readRecipient(item, `to[${index}]`, tenant, destinations));
}

function readRecipient(value: unknown, path: string, tenant: string, destinations: Destinations): Recipient {
  if (typeof value === 'string') return readId(value, path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof URL))
    return destinations.take(value, path, tenant);
  throw refuse(path, value instanceof URL ? URL_HINT : describeValue(value));
}

const URL_HINT = 'a URL; write { url: … }';

function readId(id: string, path: string): string {
  if (id.startsWith(HIDDEN_ID_PREFIX))
    throw new OptionsError(
      path,
      `${path}: expected the id of an endpoint, got that of a destination. Give its URL and settings again: { url: … }.`,
    );
  if (!isId(id)) throw refuse(path, isUrlLike(id) ? URL_HINT : describeType(id));
  return id;
}

function isUrlLike(text: string): boolean {
  return text.includes('://');
}

function refuse(path: string, got: string): OptionsError {
  return new OptionsError(
    path,
    `${path}: expected the id of an endpoint or a destination { url: … }, got ${got}.`,
  );
}
