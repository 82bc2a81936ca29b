import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describeError } from '../errors.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';
import type { Terminal } from './terminal.ts';
import { unlessEnded } from './unless-ended.ts';

/** JSON that is given as it is, as `@file`, or as `-` for what comes in. @throws CliError */
export async function readJsonArgument(text: string, terminal: Terminal): Promise<unknown> {
  const given = await readText(text, terminal);
  try {
    return JSON.parse(given) as unknown;
  } catch (error) {
    throw new CliError(
      EXIT_CODE.wrongUse,
      `The data is no JSON: ${describeError(error)}. In a shell, put it in single quotes: '{"id":"42"}'.`,
      { cause: error },
    );
  }
}

async function readText(text: string, terminal: Terminal): Promise<string> {
  if (text === '-') return unlessEnded(terminal.readInput(), terminal.signal);
  if (!text.startsWith('@')) return text;
  try {
    return await readFile(resolve(terminal.folder, text.slice(1)), 'utf8');
  } catch (error) {
    throw new CliError(EXIT_CODE.wrongUse, `${text.slice(1)} cannot be read: ${describeError(error)}.`, {
      cause: error,
    });
  }
}
