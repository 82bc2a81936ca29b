/** The JSON Schema of a schema, whatever its library offers. */
import { z } from 'zod';
import type { JsonObject } from './json.ts';
import type { StandardSchema } from './standard-schema.ts';

const TARGET = 'draft-2020-12';

/** Standard JSON Schema, which zod and arktype implement. */
interface JsonSchemaConverter {
  readonly input: (options: { readonly target: string }) => unknown;
  readonly output: (options: { readonly target: string }) => unknown;
}

/**
 * JSON Schema (draft 2020-12) of what a schema makes of data. `undefined` where its library has no way to say, never an
 * error. Of zod schemas, what cannot be expressed is left open (`{}`), and a `Date` is the text that JSON makes of it; of
 * others, the schema of what goes in is the second choice.
 */
export function toJsonSchema(schema: StandardSchema): JsonObject | undefined {
  const standard = schema['~standard'] as StandardSchema['~standard'] & {
    readonly jsonSchema?: JsonSchemaConverter;
  };
  return (
    attempt(() => standard.jsonSchema?.output({ target: TARGET })) ??
    (standard.vendor === 'zod' ? attempt(() => fromZod(schema)) : undefined) ??
    attempt(() => standard.jsonSchema?.input({ target: TARGET }))
  );
}

function fromZod(schema: StandardSchema): unknown {
  return z.toJSONSchema(schema as unknown as z.ZodType, {
    target: TARGET,
    io: 'output',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'date')
        Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
    },
  });
}

/** As plain JSON. */
function attempt(convert: () => unknown): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(JSON.stringify(convert()));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}
