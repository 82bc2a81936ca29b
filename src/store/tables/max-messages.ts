import { OptionsError } from '../../errors.ts';

/** Most messages of a store that works in memory, unless told otherwise. */
export const DEFAULT_MAX_MESSAGES = 100_000;

/** The option `maxMessages`. @throws OptionsError when it is not a whole number of at least 1, or `Infinity` */
export function readMaxMessages(maxMessages: number = DEFAULT_MAX_MESSAGES): number {
  if (maxMessages === Infinity || (Number.isSafeInteger(maxMessages) && maxMessages >= 1)) return maxMessages;
  throw new OptionsError(
    'maxMessages',
    `maxMessages: expected a whole number of at least 1, or Infinity, got ${String(maxMessages)} (${typeof maxMessages})`,
  );
}
