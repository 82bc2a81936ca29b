import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvents, type EventCatalog } from '../../src/core/event-catalog.ts';
import { listFields } from '../../src/core/json-schema-fields.ts';
import { renderEventCatalog } from '../../src/core/render-event-catalog.ts';
import type { JsonObject } from '../../src/core/json.ts';

const anything = z.unknown();
const fieldsOf = (schema: z.ZodType): string[] =>
  listFields(z.toJSONSchema(schema) as JsonObject).map(
    ({ name, type, isRequired }) => `${name}: ${type}${isRequired ? '' : '?'}`,
  );

describe('listFields', () => {
  it('names nested fields, lists and records', () => {
    const item = z.object({ sku: z.string(), price: z.number().optional() });
    const schema = z.object({
      id: z.uuid(),
      note: z.string().nullable(),
      items: z.array(item),
      labels: z.record(z.string(), z.object({ color: z.enum(['red', 'blue']) })),
      pair: z.tuple([z.string(), z.int()]),
      grid: z.array(z.array(z.union([z.string(), z.null()]))),
      kind: z.literal('order'),
    });
    expect(fieldsOf(schema)).toEqual([
      'id: string (uuid)',
      'note: string or null',
      'items: object[]',
      'items[].sku: string',
      'items[].price: number?',
      'labels: object',
      'labels.*: object?',
      'labels.*.color: "red" or "blue"',
      'pair: array',
      'pair[0]: string',
      'pair[1]: integer',
      'grid: (string or null)[][]',
      'kind: "order"',
    ]);
  });

  it('merges the fields of variants: required is what all of them require', () => {
    const schema = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('card'), last4: z.string() }),
      z.object({ kind: z.literal('bank'), iban: z.string() }),
    ]);
    expect(fieldsOf(schema)).toEqual(['kind: "card" or "bank"', 'last4: string?', 'iban: string?']);
    expect(fieldsOf(z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })))).toEqual([
      'a: string',
      'b: integer',
    ]);
  });

  it('ends where a schema contains itself', () => {
    const tree: z.ZodType = z.object({
      name: z.string(),
      get children() {
        return z.array(tree);
      },
    });
    expect(fieldsOf(z.object({ root: tree }))).toEqual([
      'root: object',
      'root.name: string',
      'root.children: object[]',
    ]);
    expect(fieldsOf(z.json())[0]).toMatch(/^data: string or /);
    expect(listFields({ $ref: '#' })).toHaveLength(1);
  });

  it('does not go on for long where a schema is a branch of itself', () => {
    const names = ['t0', 't1', 't2'];
    const anyOf = names.map((name) => ({ $ref: `#/$defs/${name}` }));
    let reads = 0;
    const definition = {
      get anyOf() {
        reads += 1;
        if (reads > 1_000) throw new Error('read without end');
        return anyOf;
      },
    };
    const $defs = Object.fromEntries(names.map((name) => [name, Object.create(definition) as object]));
    expect(listFields({ $ref: '#/$defs/t0', $defs } as never)).toMatchObject([{ name: 'data' }]);
  });

  it('names data that is no object', () => {
    expect(fieldsOf(z.string())).toEqual(['data: string']);
    expect(fieldsOf(z.array(z.object({ id: z.string() })))).toEqual(['data: object[]', 'data[].id: string']);
  });

  it('never throws, whatever the schema', () => {
    const key = fc.constantFrom(
      'type',
      'properties',
      'items',
      'anyOf',
      'allOf',
      '$ref',
      'required',
      'enum',
      'x',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>('object', 'array', '#', '#/properties/x', null, true, 7),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 5 }), (schema) => {
        expect(listFields(schema as JsonObject).length).toBeLessThanOrEqual(501);
      }),
    );
  });
});

describe('renderEventCatalog', () => {
  const catalog = defineEvents({
    'order.paid': {
      schema: z.object({ total: z.number().describe('In cents.'), note: z.string().optional() }),
      description: 'An order was paid.\n\nIt may be refunded later.',
      examples: [{ total: 1200 }],
    },
    'order.old': { schema: z.object({}), deprecated: 'Use order.paid.' },
  });

  it('makes a page', () => {
    expect(renderEventCatalog(catalog, { title: 'Webhooks of Acme' })).toBe(
      [
        '# Webhooks of Acme',
        '',
        '- [`order.old`](#order.old) (deprecated)',
        '- [`order.paid`](#order.paid): An order was paid.',
        '',
        '<a id="order.old"></a>',
        '',
        '## `order.old`',
        '',
        '**Deprecated.** Use order.paid.',
        '',
        '<a id="order.paid"></a>',
        '',
        '## `order.paid`',
        '',
        'An order was paid.',
        '',
        'It may be refunded later.',
        '',
        '| field | type | required | description |',
        '| --- | --- | --- | --- |',
        '| `total` | number | yes | In cents. |',
        '| `note` | string | no |  |',
        '',
        'Example:',
        '',
        '```json',
        '{',
        '  "total": 1200',
        '}',
        '```',
        '',
      ].join('\n'),
    );
  });

  it('gives the same page whatever the order of the definitions', () => {
    const { 'order.paid': paid, 'order.old': old } = catalog.definitions;
    const other = defineEvents({ 'order.old': old, 'order.paid': paid });
    expect(renderEventCatalog(other)).toBe(renderEventCatalog(catalog));
    expect(renderEventCatalog(catalog)).toMatch(/^# Events\n/);
  });

  it('keeps hostile texts from breaking tables, headings and code', () => {
    const hostile = 'a | b\n# x\n<script>`code` [x](javascript:1) \\';
    const page = renderEventCatalog(
      defineEvents({
        'a.b': {
          schema: z.object({ [hostile]: z.literal(hostile).describe(hostile) }),
          description: hostile,
          deprecated: hostile,
          examples: ['```\nend of code'],
        },
      }),
      { title: hostile },
    );
    expect(page.match(/^#+ .*$/gm)).toHaveLength(2);
    const rows = page.split('\n').filter((line) => line.startsWith('|'));
    // Bars that end a cell: those that no backslash escapes.
    for (const row of rows) expect(row.replace(/\\./g, '').match(/\|/g)).toHaveLength(5);
    expect(page.replace(/\\./g, '')).not.toMatch(/<script|\]\(javascript/);
    expect(page).toContain('```json\n"```\\nend of code"\n```'.replaceAll(/^```|```$/g, '````'));
  });

  it('refuses what no catalog is, and unknown options', () => {
    expect(() => renderEventCatalog({ 'a.b': anything } as unknown as EventCatalog)).toThrow('defineEvents');
    expect(() => renderEventCatalog(catalog, { titel: 'x' } as object)).toThrow('Did you mean "title"?');
  });
});
