/** The switch of a dispatcher: whether anything is sent at all, and what becomes of what is emitted meanwhile. */
import { OptionsError } from '../errors.ts';

/** `hold`: deliveries wait until it is resumed. `discard`: they are `discarded` with the reason `dispatcher_paused`. */
export type WhilePaused = 'hold' | 'discard';

export const WHILE_PAUSED = ['hold', 'discard'] as const satisfies readonly WhilePaused[];

/** What the store keeps; `undefined` while everything runs. */
export type SwitchState = { readonly whilePaused: WhilePaused } | undefined;

/** The text that is kept in the settings of the store; `undefined` removes it. */
export function writeSwitchState(state: SwitchState): string | undefined {
  return state === undefined ? undefined : JSON.stringify({ paused: true, whilePaused: state.whilePaused });
}

/** @throws OptionsError for a text that this version does not understand */
export function readSwitchState(text: string | undefined): SwitchState {
  if (text === undefined) return undefined;
  const { paused, whilePaused } = parseObject(text);
  if (paused === false) return undefined;
  const known = WHILE_PAUSED.find((word) => word === whilePaused);
  if (paused === true && known !== undefined) return { whilePaused: known };
  throw new OptionsError(
    'switch',
    'The setting "switch" in the store cannot be read, so nothing is sent. Call resume() or pause() to write it anew.',
  );
}

function parseObject(text: string): { readonly paused?: unknown; readonly whilePaused?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch {
    return {};
  }
}
