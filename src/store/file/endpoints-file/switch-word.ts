/** The switch of the dispatcher, in words for people. */
import { unexpected } from '../../../core/expect-value.ts';
import type { JsonValue } from '../../../core/json.ts';
import { WHILE_PAUSED, writeSwitchState } from '../../../core/switch-state.ts';

const RUNNING = 'running';

/** How the file says what the setting says; a text that this version does not know is kept as it is. */
export function writeSwitchWord(text: string | undefined): JsonValue {
  if (text === undefined) return RUNNING;
  return WHILE_PAUSED.find((word) => textOf(word) === text) ?? { text };
}

/**
 * The text of the setting; `undefined` while everything runs.
 *
 * @throws OptionsError
 */
export function readSwitchWord(value: unknown): string | undefined {
  if (value === undefined || value === RUNNING) return undefined;
  const word = WHILE_PAUSED.find((candidate) => candidate === value);
  if (word !== undefined) return textOf(word);
  if (typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string')
    return value.text;
  throw unexpected('switch', '"running", "hold" or "discard"', value);
}

/** Nothing is sent, and what is emitted is discarded. */
export const SWITCHED_OFF: string | undefined = textOf('discard');

function textOf(whilePaused: (typeof WHILE_PAUSED)[number]): string | undefined {
  return writeSwitchState({ whilePaused });
}
