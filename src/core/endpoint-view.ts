import type { EndpointRecord } from './endpoint.ts';

/** Secrets below this length get no hint: four of their characters would give too much away. */
const MIN_HINTED_LENGTH = 12;
const HINT_LENGTH = 4;

/** An endpoint as named functions and API replies see it: everything but its secrets. */
export type EndpointView = Omit<EndpointRecord, 'secrets'> & {
  /** The last four characters of each secret, to tell them apart; empty for a secret of fewer than 12 characters. */
  readonly secretHints: readonly string[];
};

/** The record without its secrets. */
export function toEndpointView(record: EndpointRecord): EndpointView {
  const { secrets, ...rest } = record;
  return { ...rest, secretHints: secrets.map((secret) => hintOf(secret.value)) };
}

function hintOf(secret: string): string {
  const characters = [...secret];
  return characters.length < MIN_HINTED_LENGTH ? '' : characters.slice(-HINT_LENGTH).join('');
}
