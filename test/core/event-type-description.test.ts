import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { EventDefinition } from '../../src/core/event-catalog.ts';
import { describeEventType } from '../../src/core/event-type-description.ts';
import type { StandardSchema } from '../../src/core/standard-schema.ts';

const describeType = (definition: EventDefinition): ReturnType<typeof describeEventType> =>
  describeEventType('job.done', definition);

/** A schema of a library that implements Standard JSON Schema. */
function schemaWith(jsonSchema: object): StandardSchema {
  const standard = {
    version: 1,
    vendor: 'hand',
    validate: (value: unknown) => ({ value }),
    jsonSchema,
  } as const;
  return { '~standard': standard };
}

describe('describeEventType', () => {
  it('takes the JSON Schema of what comes out of the schema', () => {
    const schema = z.object({ id: z.string(), pages: z.number().default(1) });
    expect(describeType({ schema }).jsonSchema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { id: { type: 'string' }, pages: { type: 'number' } },
      required: ['id', 'pages'],
    });
  });

  it('prefers the JSON Schema that is given', () => {
    const jsonSchema = { type: 'object', title: 'mine' };
    expect(describeType({ schema: z.string(), jsonSchema }).jsonSchema).toEqual(jsonSchema);
  });

  it('leaves open what zod cannot express, and knows what JSON makes of dates', () => {
    const schema = z.object({ id: z.string(), size: z.string().transform(Number), at: z.date() });
    expect(describeType({ schema }).jsonSchema).toMatchObject({
      properties: { id: { type: 'string' }, size: {}, at: { type: 'string', format: 'date-time' } },
      required: ['id', 'size', 'at'],
    });
  });

  it('takes what goes in where a library cannot say what comes out', () => {
    const fail = (): never => {
      throw new Error('cannot');
    };
    const targets: unknown[] = [];
    const input = (options: { target: string }): object => {
      targets.push(options.target);
      return { type: 'string' };
    };
    expect(describeType({ schema: schemaWith({ output: fail, input }) }).jsonSchema).toEqual({
      type: 'string',
    });
    expect(targets).toEqual(['draft-2020-12']);
    expect(describeType({ schema: schemaWith({ output: fail, input: fail }) }).jsonSchema).toBeUndefined();
    expect(
      describeType({ schema: schemaWith({ output: () => ({ big: 1n }), input: fail }) }).jsonSchema,
    ).toBeUndefined();
  });

  it('has none where the library offers none', () => {
    expect(describeType({ schema: v.string() })).toEqual({
      type: 'job.done',
      description: undefined,
      examples: [],
      deprecated: false,
      jsonSchema: undefined,
    });
  });

  it('falls back to what the schema says about itself', () => {
    const meta = { description: 'A job is done.', examples: [{ id: '1' }], deprecated: true };
    const schema = z.object({ id: z.string() }).meta(meta);
    expect(describeType({ schema })).toMatchObject(meta);
    expect(describeType({ schema: schema.meta({ id: 'JobDone', ...meta }) })).toMatchObject(meta);
    const own = { description: 'Own.', examples: [], deprecated: false };
    expect(describeType({ schema, ...own })).toMatchObject(own);
  });

  it('cannot be changed', () => {
    const { jsonSchema } = describeType({ schema: z.object({ id: z.string() }) });
    expect(Object.isFrozen(jsonSchema?.['properties'])).toBe(true);
  });
});
