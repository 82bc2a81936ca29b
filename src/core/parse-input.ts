import type { z } from 'zod';
import { OptionsError } from '../errors.ts';
import { describeValue } from './describe-value.ts';
import { unknownKey } from './expect-value.ts';

const EXPECTED = new WeakMap<z.ZodType, string>();

/** The schema, with what messages say was expected in its place: its shape and all its limits. */
export function expecting<Schema extends z.ZodType>(schema: Schema, expected: string): Schema {
  EXPECTED.set(schema, expected);
  return schema;
}

/**
 * Checks `value` against a zod schema at an edge of the library.
 *
 * @param root path of the value in messages; empty for options
 * @param describe how messages show what came; default: short texts and numbers as they are
 * @throws OptionsError for the first problem: the field, what was expected, what came, the nearest known key
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  root: string,
  describe: (value: unknown) => string = describeValue,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw toOptionsError(result.error.issues[0]!, value, root, schema, describe);
}

function toOptionsError(
  issue: z.core.$ZodIssue,
  value: unknown,
  root: string,
  schema: z.ZodType,
  describe: (value: unknown) => string,
): OptionsError {
  const path = joinPath(root, issue.path);
  if (issue.code === 'unrecognized_keys')
    return unknownKey(path, issue.keys[0] ?? '', knownKeys(schema, issue.path));
  const got = describe(
    issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value),
  );
  return new OptionsError(
    path,
    `${path === '' ? 'Options' : path}: expected ${expectedAt(schema, issue) ?? expectation(issue)}, got ${got}.`,
  );
}

/** A check of its own says more than what holds for the whole value. */
function expectedAt(schema: z.ZodType, issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'custom') return undefined;
  let at = schemaAt(schema, issue.path);
  while (at !== undefined && !EXPECTED.has(at as z.ZodType)) at = (at as Wrapper).unwrap?.();
  return at === undefined ? undefined : EXPECTED.get(at as z.ZodType);
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? 'a whole number'
        : `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'too_small':
      return `${issue.origin === 'string' || issue.origin === 'array' ? 'a length of ' : ''}at least ${String(issue.minimum)}`;
    case 'too_big':
      return `${issue.origin === 'string' || issue.origin === 'array' ? 'a length of ' : ''}at most ${String(issue.maximum)}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? nameOf(issue.values[0])
        : `one of ${issue.values.map(nameOf).join(', ')}`;
    case 'invalid_union':
      return issue.errors
        .map((branch) => (branch[0] === undefined ? 'something else' : expectation(branch[0])))
        .join(' or ');
    default:
      return issue.message;
  }
}

/** As it is written in code: JSON has no Infinity. */
function nameOf(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function joinPath(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`,
    root,
  );
}

/** Keys of the object schema at a path, for suggestions. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  return Object.keys(shapeOf(schemaAt(schema, path)) ?? {});
}

function schemaAt(schema: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((at, key) => shapeOf(at)?.[key as string], schema);
}

interface Wrapper {
  readonly shape?: Record<string, unknown>;
  unwrap?(): unknown;
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const at = schema as Wrapper | undefined;
  if (at?.shape !== undefined) return at.shape;
  return at?.unwrap === undefined ? undefined : shapeOf(at.unwrap());
}
