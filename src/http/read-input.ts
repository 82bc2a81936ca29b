/** What callers send, checked by the schemas that the OpenAPI document shows. */
import type { z } from '@hono/zod-openapi';
import { describeType, describeValue } from '../core/describe-value.ts';
import { parseInput } from '../core/parse-input.ts';
import { OptionsError } from '../errors.ts';
import { ApiError } from './api-error.ts';

/**
 * Checks a body, whose texts may be secrets that stand in the wrong place: none is shown.
 *
 * @throws ApiError that names the member, in the words of the API
 */
export function readInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  refuseLostMember(value);
  return read(schema, value, (got) => (typeof got === 'string' ? describeType(got) : describeValue(got)));
}

/** Members of this name are lost where schemas copy an object, as if nobody had asked for them: a filter would let everything pass. */
const LOST = '__proto__';
/** Taken as it is. */
const DATA = 'data';

function refuseLostMember(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (name === DATA || typeof member !== 'object' || member === null || !Object.hasOwn(member, LOST))
      continue;
    const field = `${name}.${LOST}`;
    throw new ApiError('invalid_request', `${field}: no member can have this name.`, { field });
  }
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  describe: (value: unknown) => string,
): z.output<Schema> {
  try {
    return parseInput(schema, value, '', describe);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    throw new ApiError('invalid_request', error.message, error.path === '' ? {} : { field: error.path });
  }
}

/**
 * The query of a URL as its schema expects it: numbers as numbers; lists from repeated members, or separated by commas.
 *
 * @throws ApiError that names the member
 */
export function readQuery<Schema extends z.ZodObject>(schema: Schema, url: string): z.output<Schema> {
  const given = new URL(url).searchParams;
  const members = [...new Set(given.keys())].map((name) => [
    name,
    readMember(schema, name, given.getAll(name)),
  ]);
  return read(schema, Object.fromEntries(members), describeValue);
}

function readMember(schema: z.ZodObject, name: string, texts: readonly string[]): unknown {
  const member: unknown = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  if (member === undefined) return texts;
  const kind = kindOf(member);
  if (kind === 'array') return texts.flatMap((text) => text.split(','));
  if (texts.length > 1)
    throw new ApiError('invalid_request', `${name}: expected one value, got ${texts.length}.`, {
      field: name,
    });
  const [text = ''] = texts;
  return kind !== 'string' && /^-?\d+$/.test(text) ? Number(text) : text;
}

/** The type of a schema, whatever is wrapped around it. */
function kindOf(schema: unknown): string {
  const { def } = schema as { def: { type: string; innerType?: unknown; in?: unknown } };
  const inner = def.innerType ?? def.in;
  return inner === undefined ? def.type : kindOf(inner);
}
