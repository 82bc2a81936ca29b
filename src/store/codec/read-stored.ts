/** Checks of what comes out of a store. Messages show types, never values: those may be secrets or payloads. */
import type { z } from 'zod';
import { describeType } from '../../core/describe-value.ts';
import { parseInput } from '../../core/parse-input.ts';
import { OptionsError, StoreError } from '../../errors.ts';

/**
 * The value itself, members that the schema does not know included, when the schema accepts it.
 *
 * @param name what was read, in messages: `endpoint "ep_1"`
 * @param root path of the value in messages
 * @throws StoreError of code `record_invalid` naming the field, what was expected and what came
 */
export function checkStored<T>(schema: z.ZodType<T>, value: unknown, name: string, root: string): T {
  try {
    parseInput(schema, value, root, describeType);
  } catch (error) {
    if (error instanceof OptionsError) throw recordInvalid(name, error.message);
    throw error;
  }
  return value as T;
}

/**
 * The value that a stored JSON text stands for.
 *
 * @throws StoreError of code `record_invalid`
 */
export function parseStoredJson(text: string, name: string, root: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not as cause: its message quotes the text.
    throw recordInvalid(name, `${root}: expected JSON, got something else.`);
  }
}

/** The error for something that is stored and is not what it should be. */
export function recordInvalid(name: string, why: string): StoreError {
  return new StoreError(
    `Cannot read the ${name} that is stored: ${why.replace(/\.?$/, '.')} It was changed by hand, or written by another version of Posthorn.`,
    { code: 'record_invalid' },
  );
}
