/**
 * Members of the file that mean nothing to Posthorn are somebody's own and stay, except those that somebody expects to do
 * something: an endpoint whose `topics` are ignored would get everything, one that is `"active": false` would go on.
 */
import type { JsonObject } from '../../../core/json.ts';
import { nearest } from '../../../core/nearest.ts';
import { OptionsError } from '../../../errors.ts';
import { ENABLED } from './enabled-word.ts';
import { ENDPOINT_WORDS, type OtherWords, TOP_WORDS } from './other-words.ts';
import { ENDPOINT_KEYS } from './stored-endpoint.ts';

/** Members of the file, in the order in which they are written. */
export const TOP_KEYS: readonly string[] = ['version', 'revision', ENABLED, 'switch', 'endpoints'];
const KNOWN_OF_ENDPOINT: readonly string[] = [...ENDPOINT_KEYS, ENABLED, 'secret'];

/** @throws OptionsError for a member of the file that was probably meant to be another one */
export function checkTopKeys(top: JsonObject): void {
  checkKeys(top, '', TOP_KEYS, TOP_WORDS);
}

/**
 * @param at path of the endpoint: `endpoints[3]`
 * @throws OptionsError for a member of it that was probably meant to be another one
 */
export function checkEndpointKeys(endpoint: JsonObject, at: string): void {
  checkKeys(endpoint, `${at}.`, KNOWN_OF_ENDPOINT, ENDPOINT_WORDS);
}

function checkKeys(object: JsonObject, prefix: string, known: readonly string[], words: OtherWords): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue;
    const advice = adviceFor(key, known, words);
    if (advice === undefined) continue;
    const path = prefix + key;
    throw new OptionsError(
      path,
      `Unknown key ${JSON.stringify(path)}. ${advice} ` +
        `A remark of your own is kept under another name, such as ${JSON.stringify(`x-${key}`)}.`,
    );
  }
}

/** What to write instead; undefined for somebody's own. `eventTypes`, `event_types` and `event-types` are one word. */
function adviceFor(key: string, known: readonly string[], words: OtherWords): string | undefined {
  const plain = key.replace(/(?<=[a-z])[_-](?=[a-z])/gi, '').toLowerCase();
  const meant = known.find((word) => word.toLowerCase() === plain);
  if (meant === undefined && words.has(plain)) return words.get(plain);
  const near = meant ?? (/^[A-Za-z]+$/.test(key) ? nearest(key, known) : undefined);
  return near && `Did you mean ${JSON.stringify(near)}?`;
}
