import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { collectTexts, hideValues } from '../../src/core/hide-values.ts';
import { schemaFailure } from '../../src/core/schema-failure.ts';
import type { SchemaIssue, StandardSchema } from '../../src/core/standard-schema.ts';
import { PayloadError } from '../../src/errors.ts';

function failureOf(schema: StandardSchema, data: unknown): PayloadError {
  const result = schema['~standard'].validate(data) as { issues: readonly SchemaIssue[] };
  return schemaFailure('order.paid', result.issues, data);
}

describe('schemaFailure', () => {
  it('names the place of the first issue and says what is wrong there', () => {
    const schema = z.object({ items: z.array(z.object({ price: z.number(), 'unit-name': z.string() })) });
    const good = { price: 1, 'unit-name': 'kg' };
    const error = failureOf(schema, { items: [good, good, good, { price: 'free', 'unit-name': 7 }] });
    expect(error).toBeInstanceOf(PayloadError);
    expect(error.path).toBe('data.items[3].price');
    expect(error.message).toBe(
      'The data of "order.paid" does not pass its schema: data.items[3].price: Invalid input: expected number, ' +
        'received string; data.items[3]["unit-name"]: Invalid input: expected string, received number.',
    );
  });

  it('names at most five', () => {
    const schema = z.array(z.number());
    const error = failureOf(schema, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expect(error.message).toContain('data[4]: ');
    expect(error.message).not.toContain('data[5]');
    expect(error.message).toMatch(/; and 2 more\.$/);
  });

  it('names the data as a whole where an issue has no path', () => {
    expect(failureOf(z.string(), 7)).toMatchObject({
      path: 'data',
      message: expect.stringContaining(': data: '),
    });
    expect(schemaFailure('a', [], 7)).toMatchObject({
      path: 'data',
      message: expect.stringContaining('is not valid'),
    });
  });

  it('shows nothing of the data, also of what a schema made of it on the way', () => {
    const schema = v.object({ email: v.pipe(v.string(), v.trim(), v.toLowerCase(), v.email()) });
    const error = failureOf(schema, { email: '  ADA LOVELACE at home  ' });
    expect(error.message).toContain('data.email: Invalid email: Received "…"');
    expect(error.message.toLowerCase()).not.toContain('lovelace');
  });

  it('shows nothing of other fields that a message speaks of', () => {
    const schema = z
      .object({ card: z.string(), name: z.string() })
      .refine(() => false, { path: ['name'], error: ({ input }) => `bad: ${JSON.stringify(input)}` });
    expect(failureOf(schema, { card: '4111 1111', name: 'Ada "L"' }).message).not.toMatch(/4111|Ada/);
  });

  it('keeps quiet where there is too much to hide, and where looking throws', () => {
    const data = { secret: 'x1234', list: Array.from({ length: 6_000 }, (_, index) => index) };
    const issue = { message: 'bad x1234', path: ['secret'] };
    expect(schemaFailure('a', [issue], data).message).toContain('data.secret: is not valid');
    const hostile = {
      get secret(): string {
        throw new Error('no');
      },
    };
    expect(schemaFailure('a', [issue], hostile).message).toContain('data.secret: is not valid');
  });

  it('reads the data once, however much is wrong with it', () => {
    let reads = 0;
    const data = {
      get secret(): string {
        reads += 1;
        return 'x1234';
      },
    };
    const issues = Array.from({ length: 5 }, () => ({ message: 'bad x1234' }));
    expect(schemaFailure('a', issues, data).message).not.toContain('x1234');
    expect(reads).toBe(1);
  });

  it('does not search messages without end', () => {
    const message = `Unrecognized keys: ${'key '.repeat(2_000)}`;
    expect(schemaFailure('a', [{ message }], { a: 'x1234' }).message).toContain('data: is not valid');
    const long = { message: `bad ${'x'.repeat(6_000)}`, path: ['a'] };
    expect(schemaFailure('a', [long], { a: 'x'.repeat(6_000) }).message).toContain('data.a: is not valid');
  });

  it('stays one line of bounded length', () => {
    const path = [{ key: 'k'.repeat(1_000) }, Symbol('s')];
    const error = schemaFailure('a', [{ message: 'line\n'.repeat(500), path }], {});
    expect(error.message).not.toContain('\n');
    expect(error.message.length).toBeLessThan(1_000);
  });

  it('shows no text of the data, whatever the message', () => {
    const text = fc.string({ minLength: 4, maxLength: 20 }).filter((value) => /\w{4}/.test(value));
    fc.assert(
      fc.property(text, text, (first, second) => {
        const message = `expected x but received ${JSON.stringify(first)} beside '${second}'`;
        const shown = hideValues(message, collectTexts({ first, nested: [{ second }] }), [first]);
        expect(shown).not.toContain(JSON.stringify(first));
        expect(shown).not.toContain(`'${second}'`);
      }),
    );
  });
});
