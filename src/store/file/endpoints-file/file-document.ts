/** The file as a whole: from its text to what is in it, unread, and back. */
import { isUtf8 } from 'node:buffer';
import { expectInteger, expectObject, unexpected } from '../../../core/expect-value.ts';
import { ID_EXPECTED, isId } from '../../../core/id.ts';
import type { JsonObject } from '../../../core/json.ts';
import { OptionsError } from '../../../errors.ts';
import { checkTopKeys, TOP_KEYS } from './check-keys.ts';
import { readSwitch, writeSwitch } from './enabled-word.ts';
import { checkJsonText } from './json-text.ts';
import { orderLike } from './stored-endpoint.ts';

/** Version of the format. */
const VERSION = 1;

/** What a text says. Endpoints are not read yet. */
export interface FileDocument {
  /** All members of the file, those that mean nothing here included. */
  readonly top: JsonObject;
  /** Counts what Posthorn wrote; undefined when somebody removed it. */
  readonly revision: number | undefined;
  /** Text of the setting; undefined while everything runs. */
  readonly switchText: string | undefined;
  readonly endpoints: readonly FileEndpoint[];
}

/** One endpoint, unread. */
export interface FileEndpoint {
  /** Its path: `endpoints[3]`. */
  readonly at: string;
  /** Undefined for one that somebody typed without. */
  readonly id: string | undefined;
  readonly raw: JsonObject;
}

/** Bytes as text, without a byte order mark. @throws OptionsError when they are not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new OptionsError('', 'the file is not UTF-8 text; save it in this encoding');
  return new TextDecoder('utf-8').decode(bytes);
}

/**
 * @throws JsonTextError when it is no JSON, OptionsError when something else is wrong
 */
export function readDocument(text: string): FileDocument {
  checkJsonText(text);
  const top = expectObject(JSON.parse(text), '', 'an object: { "endpoints": [ … ] }') as JsonObject;
  checkTopKeys(top);
  const { version = VERSION, revision, endpoints } = top;
  if (typeof version === 'number' && version > VERSION)
    throw new OptionsError(
      'version',
      `version: expected ${VERSION}, got ${version}. The file was written by a later version of Posthorn.`,
    );
  if (version !== VERSION) throw unexpected('version', String(VERSION), version);
  if (!Array.isArray(endpoints)) throw unexpected('endpoints', 'a list of endpoints, [] for none', endpoints);
  return {
    top,
    revision:
      revision === undefined ? undefined : expectInteger(revision, 'revision', 0, Number.MAX_SAFE_INTEGER),
    switchText: readSwitch(top),
    endpoints: readIds(endpoints),
  };
}

function readIds(endpoints: readonly unknown[]): readonly FileEndpoint[] {
  const seen = new Map<string, string>();
  return endpoints.map((item, index) => {
    const at = `endpoints[${index}]`;
    const raw = expectObject(item, at, 'an endpoint: { "url": … }') as JsonObject;
    const id = raw['id'];
    if (id === undefined) return { at, id, raw };
    if (!isId(id)) throw unexpected(`${at}.id`, ID_EXPECTED, id);
    const other = seen.get(id);
    if (other !== undefined)
      throw new OptionsError(
        `${at}.id`,
        `${at}.id: ${JSON.stringify(id)} is the id of ${other} as well. Change one of them, or remove it to get a new one.`,
      );
    seen.set(id, at);
    return { at, id, raw };
  });
}

/** What the file is to say. */
export interface DocumentContent {
  /** How it stood before: what means nothing here is kept. */
  readonly top: JsonObject;
  readonly revision: number;
  readonly switchText: string | undefined;
  readonly endpoints: readonly JsonObject[];
}

/** The text of the file. */
export function writeDocument({ top, revision, switchText, endpoints }: DocumentContent): string {
  const values = { version: VERSION, revision, ...writeSwitch(switchText, top), endpoints };
  return `${JSON.stringify(orderLike(TOP_KEYS, values, top), undefined, 2)}\n`;
}
