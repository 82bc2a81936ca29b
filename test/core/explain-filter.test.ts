import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFilter, type CustomFilter, type FilterInput } from '../../src/core/compile-filter.ts';
import { describeClause, explainFilter, type FilterClause } from '../../src/core/explain-filter.ts';
import type { FilterExpression } from '../../src/core/filter.ts';
import type { JsonValue } from '../../src/core/json.ts';
import { expressions, values } from '../support/filter-arbitraries.ts';

const functions: Readonly<Record<string, CustomFilter>> = {
  yes: () => true,
  no: () => false,
  broken: () => {
    throw new Error('out of order');
  },
};
const custom = (name: string): CustomFilter | undefined => functions[name];

function inputWith(data: JsonValue): FilterInput {
  return { type: 'job.completed', tenant: 'acme', data, metadata: { plan: 'vip' } };
}

function explain(expression: FilterExpression, data: JsonValue): FilterClause | undefined {
  return explainFilter(expression, inputWith(data), custom);
}

describe('explainFilter', () => {
  it.each<[FilterExpression, JsonValue, Partial<FilterClause>, string]>([
    [
      { 'data.amount': { $gt: 100 } },
      { amount: 20 },
      { path: 'data.amount', operator: '$gt', expected: 100, actual: 20, missing: false },
      'data.amount is 20, the filter wants $gt 100',
    ],
    [
      { 'data.amount': { $gt: 100 } },
      {},
      { path: 'data.amount', operator: '$gt', actual: undefined, missing: true },
      'data.amount is missing, the filter wants $gt 100',
    ],
    [
      { 'data.kind': 'a' },
      { kind: null },
      { operator: '$eq', expected: 'a', actual: null, missing: false },
      'data.kind is null, the filter wants $eq "a"',
    ],
    [
      { 'data.kind': ['a', 'b'] },
      { kind: 'c' },
      { operator: '$in', expected: ['a', 'b'], actual: 'c' },
      'data.kind is "c", the filter wants $in ["a","b"]',
    ],
    [
      { 'data.n': { $gte: 1, $lt: 5 }, 'data.m': 1 },
      { n: 7, m: 2 },
      { path: 'data.n', operator: '$lt', expected: 5, actual: 7 },
      'data.n is 7, the filter wants $lt 5',
    ],
    [
      { 'data.kind': { $not: { $glob: 'x*' } } },
      { kind: 'xy' },
      { operator: '$not', expected: { $glob: 'x*' }, actual: 'xy' },
      'data.kind is "xy", the filter wants $not {"$glob":"x*"}',
    ],
    [
      { $and: [{ 'data.a': 1 }, { 'data.b': 2 }] },
      { a: 1, b: 1 },
      { path: 'data.b', operator: '$eq' },
      'data.b is 1, the filter wants $eq 2',
    ],
    [
      { $or: [{ 'data.a': 1 }, { 'data.b': { $exists: true } }] },
      { a: 2 },
      { path: undefined, operator: '$or', actual: undefined },
      'no alternative of $or holds: data.a is 2, the filter wants $eq 1; data.b is missing, the filter wants $exists true',
    ],
    [
      { $not: { 'data.a': 1 } },
      { a: 1 },
      { operator: '$not', expected: { 'data.a': 1 } },
      'the filter denies what holds: $not {"data.a":1}',
    ],
    [
      { $custom: 'no', 'metadata.plan': 'vip' },
      {},
      { operator: '$custom', expected: 'no' },
      'the filter function "no" says no',
    ],
  ])('finds in %j with %j the clause that says no', (expression, data, clause, line) => {
    const found = explain(expression, data);
    expect(found).toMatchObject(clause);
    expect(describeClause(found!)).toBe(line);
  });

  it('names for $or what each alternative lacks, the first three of them in the line', () => {
    const found = explain({ $or: [1, 2, 3, 4, 5].map((n) => ({ 'data.n': n })) }, { n: 0 })!;
    expect(found.alternatives.map(({ expected }) => expected)).toEqual([1, 2, 3, 4, 5]);
    expect(describeClause(found)).toMatch(/\$eq 3; and 2 more$/);
  });

  it('asks named functions last, and throws what they throw', () => {
    expect(explain({ $custom: 'broken', 'data.a': 1 }, { a: 2 })).toMatchObject({ path: 'data.a' });
    expect(explain({ $or: [{ $custom: 'yes' }, { $custom: 'broken' }] }, {})).toBeUndefined();
    expect(() => explain({ $custom: 'broken' }, {})).toThrow('out of order');
    expect(() => explain({ $custom: 'unknown' }, {})).toThrow('not registered');
  });

  it('cuts long values', () => {
    const found = explain({ 'data.a': 'x'.repeat(300), 'data.b': 1 }, { a: ['y'.repeat(300)], b: 1 })!;
    expect(found.expected).toBe(`${'x'.repeat(200)}…`);
    expect(found.actual).toBe(`["${'y'.repeat(198)}…`);
  });

  it('says that a message passes exactly when the compiled filter does', () => {
    const withCustom = fc.oneof(
      expressions,
      fc.tuple(expressions, fc.constantFrom('yes', 'no')).map(([rest, $custom]) => ({ ...rest, $custom })),
      fc
        .tuple(expressions, fc.constantFrom('yes', 'no'))
        .map(([rest, $custom]) => ({ $or: [{ $custom }, { $not: rest }] })),
    );
    fc.assert(
      fc.property(withCustom, values, (expression, data) => {
        const passes = compileFilter(expression, custom).matches(inputWith(data));
        const clause = explain(expression, data);
        expect(clause === undefined).toBe(passes);
        if (clause !== undefined) expect(describeClause(clause)).not.toBe('');
      }),
      { numRuns: 1_000 },
    );
  });
});
