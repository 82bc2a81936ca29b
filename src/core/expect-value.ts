/**
 * Small checks of values given by callers. Each throws an `OptionsError` that names the field, what was expected and
 * what came, and returns the value with its type.
 */
import { NotFoundError, OptionsError } from '../errors.ts';
import { describeType, describeValue } from './describe-value.ts';
import { isId } from './id.ts';
import { nearest } from './nearest.ts';

/** The error for a wrong value. Not for secrets: the message shows the value. */
export function unexpected(path: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(path, `${path}: expected ${expected}, got ${describeValue(value)}.`);
}

/** A whole number within limits, both included. */
export function expectInteger(value: unknown, path: string, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw unexpected(path, `a whole number from ${min} to ${max}`, value);
}

/** A number within limits, both included. */
export function expectNumber(value: unknown, path: string, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw unexpected(path, `a number from ${min} to ${max}`, value);
}

/** A list of `min` to `max` items. */
export function expectArray(
  value: unknown,
  path: string,
  { of, min, max }: { of: string; min: number; max: number },
): readonly unknown[] {
  if (Array.isArray(value) && value.length >= min && value.length <= max) return value as unknown[];
  throw unexpected(path, `an array of ${min} to ${max} ${of}`, value);
}

/** An object with members of its own. What is iterated over, such as a Map or Headers, has none: all of it would be ignored silently. */
export function expectObject(
  value: unknown,
  path: string,
  expected: string,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unexpected(path, expected, value);
  if (!(Symbol.iterator in value)) return value as Record<string, unknown>;
  throw new OptionsError(
    path,
    `${path}: expected ${expected}, got an object to iterate over, such as a Map or Headers. Give what Object.fromEntries makes of it.`,
  );
}

/** An object without keys that mean nothing: a misspelt setting must not be ignored silently. `path`: empty for options and arguments. */
export function expectKnownKeys(value: unknown, path: string, known: readonly string[]): void {
  const object = expectObject(value, path === '' ? 'options' : path, 'an object');
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) throw unknownKey(path, key, known);
  }
}

/** The error for a key that means nothing. `path`: of the object that has it, empty for options and arguments. */
export function unknownKey(path: string, key: string, known: readonly string[]): OptionsError {
  const at = path === '' ? key : `${path}.${key}`;
  return new OptionsError(at, `Unknown key ${JSON.stringify(at)}. ${hint(key, known)}`);
}

/** The error for a string that is not on a list, with the nearest that is. */
export function unexpectedWord(
  path: string,
  what: string,
  known: readonly string[],
  value: unknown,
): OptionsError {
  const advice = typeof value === 'string' ? hint(value, known) : `Known are ${known.join(', ')}.`;
  return new OptionsError(path, `${path}: expected ${what}, got ${describeValue(value)}. ${advice}`);
}

/** More names than these are no help in a message. */
const MAX_NAMES = 12;
/** What people write for the status of an endpoint. */
const SWITCHES: readonly string[] = ['enabled', 'disabled', 'active'];

function hint(word: string, known: readonly string[]): string {
  if (known.includes('status') && SWITCHES.includes(word))
    return "Did you mean status: 'enabled' or 'disabled'?";
  const suggestion = nearest(word, known);
  if (suggestion !== undefined) return `Did you mean ${JSON.stringify(suggestion)}?`;
  if (known.length > MAX_NAMES) return 'Nothing that is known is like it; see docs/reference/options.md.';
  return known.length === 0 ? 'There is none.' : `Known are ${known.join(', ')}.`;
}

/** An id given by a caller. Callers pass the whole record by mistake; nothing of it may show. */
export function expectId(value: unknown, kind: 'endpoint' | 'message' | 'delivery'): string {
  if (isId(value)) return value;
  // Nothing has it, and some databases would refuse to look.
  if (typeof value === 'string') throw new NotFoundError(kind, value);
  const advice = typeof value === 'object' && value !== null ? ` Pass ${kind}.id.` : '';
  throw new OptionsError(
    'id',
    `id: expected the id of ${kind === 'endpoint' ? 'an' : 'a'} ${kind}, got ${describeType(value)}.${advice}`,
  );
}
