/**
 * `"enabled": true` or `false`: another word for the `status` of an endpoint, and at the top for the `switch`. Who begins a file with
 * it keeps it: Posthorn writes each of them in the word that stands there, and new endpoints in that of the file. Both words side by side are
 * refused where they could mean two things.
 */
import { unexpected } from '../../../core/expect-value.ts';
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { OptionsError } from '../../../errors.ts';
import { readSwitchWord, SWITCHED_OFF, writeSwitchWord } from './switch-word.ts';

/** The member itself. */
export const ENABLED = 'enabled';

/** Whether it says in this word what it says. */
export function saysEnabled(object: JsonObject): boolean {
  return object[ENABLED] !== undefined;
}

/**
 * The status of an endpoint; not checked when it stands as `status`.
 *
 * @throws OptionsError
 */
export function readStatus(raw: JsonObject, at: string): unknown {
  const { status } = raw;
  const isEnabled = readEnabled(raw, `${at}.${ENABLED}`);
  if (isEnabled === undefined) return status ?? 'enabled';
  if (status !== undefined)
    throw new OptionsError(
      `${at}.${ENABLED}`,
      `${at}.${ENABLED}: give either "enabled" or "status", not both.`,
    );
  return isEnabled ? 'enabled' : 'disabled';
}

/** An endpoint, complete, with its status in this word. */
export function withEnabled({ status, ...rest }: JsonObject): JsonObject {
  return { ...rest, [ENABLED]: status === 'enabled' };
}

/** How an endpoint stood, or as one of this file would: what decides about the word for its status. */
export function inWordsOf(top: JsonObject, before: JsonObject = {}): JsonObject {
  const isNew = before['status'] === undefined && !saysEnabled(before);
  return isNew && saysEnabled(top) ? { ...before, [ENABLED]: true } : before;
}

/**
 * The text of the setting, from both words; `undefined` while everything runs. Off is as for an endpoint: what is emitted meanwhile is
 * discarded, unless `switch` says that it is held.
 *
 * @throws OptionsError
 */
export function readSwitch(top: JsonObject): string | undefined {
  const word = top['switch'];
  const text = readSwitchWord(word);
  const isEnabled = readEnabled(top, ENABLED);
  if (isEnabled === undefined) return text;
  if (word === undefined) return isEnabled ? undefined : SWITCHED_OFF;
  if (isEnabled === (text === undefined)) return text;
  throw new OptionsError(
    'switch',
    `switch: "enabled" says ${isEnabled}, and "switch" says ${JSON.stringify(word)}. Remove "switch".`,
  );
}

/** The members that say it, in the word of the file. */
export function writeSwitch(text: string | undefined, top: JsonObject): Readonly<Record<string, JsonValue>> {
  if (!saysEnabled(top)) return { switch: writeSwitchWord(text) };
  const isPlain = text === undefined || text === SWITCHED_OFF;
  return { [ENABLED]: text === undefined, ...(isPlain ? {} : { switch: writeSwitchWord(text) }) };
}

function readEnabled(object: JsonObject, path: string): boolean | undefined {
  const value = object[ENABLED];
  if (value === undefined || typeof value === 'boolean') return value;
  throw unexpected(path, 'true or false', value);
}
