import type { EncryptionOptions } from '../store/file/index.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';

/** The variable of the environment that has them. No option: arguments are seen by everybody on the machine. */
export const KEYS_VARIABLE = 'POSTHORN_ENCRYPTION_KEYS';

/** `id:key`, several separated by commas, of which the first encrypts. The store checks them. @throws CliError */
export function readEncryptionKeys(
  env: Readonly<Record<string, string | undefined>>,
): EncryptionOptions | undefined {
  const text = env[KEYS_VARIABLE];
  if (text === undefined || text === '') return undefined;
  const keys = text.split(',').map((part) => {
    const colon = part.indexOf(':');
    if (colon > 0) return [part.slice(0, colon).trim(), part.slice(colon + 1).trim()] as const;
    throw new CliError(
      EXIT_CODE.wrongUse,
      `${KEYS_VARIABLE}: expected id:key, several separated by commas, the current one first.`,
    );
  });
  return { current: keys[0]![0], keys: Object.fromEntries(keys) };
}
