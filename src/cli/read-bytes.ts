import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describeError } from '../errors.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';
import type { Terminal } from './terminal.ts';
import { unlessEnded } from './unless-ended.ts';

/** The bytes of a file, or with `-` what comes in. @throws CliError when the file cannot be read */
export async function readBytes(name: string, terminal: Terminal): Promise<Buffer> {
  if (name === '-') return unlessEnded(terminal.readInputBytes(), terminal.signal);
  try {
    return await readFile(resolve(terminal.folder, name));
  } catch (error) {
    throw new CliError(EXIT_CODE.wrongUse, `${name} cannot be read: ${describeError(error)}.`, {
      cause: error,
    });
  }
}
