import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import { compileFilter, type CustomFilter, type FilterInput } from '../../src/core/compile-filter.ts';
import {
  type FilterCondition,
  type FilterExpression,
  MAX_FILTER_BYTES,
  MAX_FILTER_DEPTH,
  MAX_FILTER_NODES,
  validateFilter,
} from '../../src/core/filter.ts';
import type { JsonValue } from '../../src/core/json.ts';
import { bounds, expressions, lists, operators, scalars, values } from '../support/filter-arbitraries.ts';

function inputWith(data: JsonValue): FilterInput {
  return { type: 'job.completed', tenant: 'acme', data, metadata: undefined };
}

function matches(
  filter: FilterExpression,
  data: JsonValue,
  custom: Record<string, CustomFilter> = {},
): boolean {
  validateFilter(filter, 'filter');
  return compileFilter(filter, (name) => custom[name]).matches(inputWith(data));
}

function problemWith(filter: unknown, customNames?: ReadonlySet<string>): OptionsError {
  try {
    validateFilter(filter, 'filter', customNames);
  } catch (error) {
    if (error instanceof OptionsError) return error;
    throw error;
  }
  throw new Error('The filter was accepted.');
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('validateFilter', () => {
  it.each<[string, unknown, string, string]>([
    ['a path without root', { machineId: 1 }, 'filter.machineId', 'did you mean "data.machineId"?'],
    ['a missing value', { 'data.id': undefined }, 'filter["data.id"]', 'got undefined'],
    ['a hole in a list', { 'data.id': [1, , 2] }, 'filter["data.id"][1]', 'got undefined'],
    ['NaN', { 'data.n': NaN }, 'filter["data.n"]', 'got NaN (number)'],
    ['Infinity', { 'data.n': { $gt: -Infinity } }, 'filter["data.n"].$gt', 'got -Infinity (number)'],
    ['a bigint', { 'data.n': 1n }, 'filter["data.n"]', 'got a bigint'],
    ['a function', { 'data.n': () => true }, 'filter["data.n"]', 'got a function'],
    ['a date', { 'data.at': { $gt: new Date(0) } }, 'filter["data.at"].$gt', 'got an object'],
    ['a date as value', { 'data.at': new Date(0) }, 'filter["data.at"]', 'got an object'],
    ['a map', new Map([['data.n', 1]]), 'filter', 'an object of conditions'],
    ['a regular expression', { 'data.id': /^a/ }, 'filter["data.id"]', 'got an object'],
    [
      'a function in a value',
      { 'data.x': { $eq: { a: () => 1 } } },
      'filter["data.x"].$eq.a',
      'a JSON value',
    ],
    ['an unknown operator', { 'data.n': { $great: 1 } }, 'filter["data.n"].$great', 'known'],
    ['a slip in an operator', { 'data.n': { $exits: true } }, 'filter["data.n"].$exits', '"$exists"'],
    [
      'an error far inside',
      { $or: [{}, { $not: { 'data.n': { $gt: {} } } }] },
      'filter.$or[1].$not["data.n"].$gt',
      'got an object',
    ],
    [
      'a wrong glob of a list',
      { 'data.id': { $glob: ['a', 1] } },
      'filter["data.id"].$glob[1]',
      'got 1 (number)',
    ],
    [
      'a long glob',
      { 'data.id': { $glob: 'a'.repeat(257) } },
      'filter["data.id"].$glob',
      'at most 256 characters',
    ],
    ['an empty custom name', { $custom: '' }, 'filter.$custom', 'the name of a registered filter function'],
    ['null', null, 'filter', 'got null'],
    ['a string', 'data.id', 'filter', 'got "data.id" (string)'],
    ['a function as filter', () => true, 'filter', 'got a function'],
  ])('refuses %s and says where', (_, filter, path, message) => {
    const problem = problemWith(filter);
    expect(problem.path).toBe(path);
    expect(problem.message).toContain(path);
    expect(problem.message.toLowerCase()).toContain(message.toLowerCase());
  });

  it('keeps messages short whatever it is given', () => {
    expect(problemWith({ ['x'.repeat(10_000)]: 1 }).message.length).toBeLessThan(500);
    expect(problemWith({ 'data.n': { ['y'.repeat(10_000)]: 1 } }).message.length).toBeLessThan(500);
    expect(problemWith({ 'data.n': { $exists: 'z'.repeat(10_000) } }).message.length).toBeLessThan(500);
  });

  it('counts levels of nesting up to the limit', () => {
    // The path, $eq and one level for each array.
    expect(() => validateFilter({ 'data.x': { $eq: nested(MAX_FILTER_DEPTH - 2) } }, 'filter')).not.toThrow();
    expect(problemWith({ 'data.x': { $eq: nested(MAX_FILTER_DEPTH - 1) } }).message).toContain('16 levels');
  });

  it('counts conditions up to the limit', () => {
    // The filter itself counts too.
    const filterOf = (count: number): unknown =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`data.k${index}`, 1]));
    expect(() => validateFilter(filterOf(MAX_FILTER_NODES - 1), 'filter')).not.toThrow();
    expect(problemWith(filterOf(MAX_FILTER_NODES)).message).toContain('at most 200 conditions');
  });

  it('counts operators, globs and nested values too, but no plain values of a list', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `m-${index}`);
    expect(() => validateFilter({ 'data.id': many }, 'filter')).not.toThrow();
    expect(problemWith({ 'data.id': { $glob: many } }).message).toContain('at most 200 conditions');
    expect(problemWith({ 'data.id': many.map((id) => [id]) }).message).toContain('at most 200 conditions');
    expect(problemWith({ $or: many.map(() => ({})) }).message).toContain('at most 200 conditions');
  });

  it('counts bytes of UTF-8 up to the limit', () => {
    const overhead = '{"data.x":""}'.length;
    expect(() =>
      validateFilter({ 'data.x': 'a'.repeat(MAX_FILTER_BYTES - overhead) }, 'filter'),
    ).not.toThrow();
    expect(problemWith({ 'data.x': 'a'.repeat(MAX_FILTER_BYTES - overhead + 1) }).message).toContain(
      '16384 bytes',
    );
    expect(problemWith({ 'data.x': 'ä'.repeat(MAX_FILTER_BYTES / 2) }).message).toContain('16384 bytes');
  });

  it('ends on filters that contain themselves', () => {
    const expression: Record<string, unknown> = {};
    expression['$not'] = expression;
    expect(problemWith(expression).message).toContain('16 levels');
    const list: unknown[] = [];
    list.push(list);
    expect(problemWith({ 'data.x': { $eq: list } }).message).toContain('16 levels');
  });

  it('ends on values that are shared so often that their text would be endless', () => {
    let value: unknown = 'x';
    for (let level = 0; level < 10; level += 1) value = Array.from({ length: 1000 }, () => value);
    expect(problemWith({ 'data.x': { $eq: value } }).message).toContain('at most');
    // More text than a string can hold.
    const long = 'x'.repeat(10_000);
    expect(problemWith({ 'data.x': Array.from({ length: 100_000 }, () => long) }).message).toContain(
      '16384 bytes',
    );
  });

  it('knows the registered names when it is given them', () => {
    expect(() => validateFilter({ $custom: 'anything' }, 'filter')).not.toThrow();
    expect(() => validateFilter({ $custom: 'vipOnly' }, 'filter', new Set(['vipOnly']))).not.toThrow();
    expect(problemWith({ $custom: 'vipOlny' }, new Set(['vipOnly'])).message).toContain(
      'Did you mean "vipOnly"?',
    );
    expect(problemWith({ $custom: 'constructor' }, new Set(['vipOnly'])).path).toBe('filter.$custom');
    expect(problemWith({ $custom: 'vipOnly' }, new Set()).path).toBe('filter.$custom');
  });

  it('takes objects without a prototype and of another realm', () => {
    const bare = Object.assign(Object.create(null) as object, { 'data.n': 1 });
    expect(() => validateFilter(bare, 'filter')).not.toThrow();
    const foreign: unknown = runInNewContext('({ "data.n": { $in: [1, { a: 1 }] } })');
    expect(() => validateFilter(foreign, 'filter')).not.toThrow();
  });

  it('refuses names of Object.prototype as paths, operators and functions', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(problemWith(JSON.parse(`{"${name}": 1}`)).message).toContain(`"data.${name}"`);
      expect(problemWith(JSON.parse(`{"data.x": {"${name}": 1}}`)).message).toContain(`"${name}"`);
    }
    expect({}).not.toHaveProperty('data');
  });

  it('does not change the filter', () => {
    const filter = { $or: [{ 'data.a': [1, 2] }, { 'data.b': { $glob: ['x*'], $not: { $eq: { c: 1 } } } }] };
    const before = structuredClone(filter);
    validateFilter(filter, 'filter');
    compileFilter(filter, () => undefined).matches(inputWith({ a: 1 }));
    expect(filter).toEqual(before);
  });
});

describe('compileFilter', () => {
  const holds = (law: (condition: FilterCondition, data: JsonValue) => void): void =>
    fc.assert(fc.property(operators, values, law), { numRuns: 500 });

  it('denies with $not exactly what it says', () => {
    holds((condition, data) => {
      const plain = matches({ 'data.a': condition }, data);
      expect(matches({ 'data.a': { $not: condition } }, data)).toBe(!plain);
      expect(matches({ $not: { 'data.a': condition } }, data)).toBe(!plain);
    });
  });

  it('denies with $ne and $nin what $eq and $in say', () => {
    fc.assert(
      fc.property(values, lists, values, (value, list, data) => {
        expect(matches({ 'data.a': { $ne: value } }, data)).toBe(
          !matches({ 'data.a': { $eq: value } }, data),
        );
        expect(matches({ 'data.a': { $nin: list } }, data)).toBe(!matches({ 'data.a': { $in: list } }, data));
      }),
    );
  });

  it('takes a list for $in, and $in for any of $eq', () => {
    fc.assert(
      fc.property(lists, values, (list, data) => {
        const any = list.some(($eq) => matches({ data: { $eq } }, data));
        expect(matches({ data: list }, data)).toBe(any);
        expect(matches({ data: { $in: list } }, data)).toBe(any);
      }),
    );
  });

  it('orders numbers among numbers and strings among strings, and nothing else', () => {
    const orders = {
      $gt: (value: number | string, bound: number | string) => value > bound,
      $gte: (value: number | string, bound: number | string) => value >= bound,
      $lt: (value: number | string, bound: number | string) => value < bound,
      $lte: (value: number | string, bound: number | string) => value <= bound,
    };
    fc.assert(
      fc.property(
        bounds,
        scalars,
        fc.constantFrom('$gt', '$gte', '$lt', '$lte'),
        (bound, value, operator) => {
          const hasOrder = typeof value === typeof bound && orders[operator](value as string, bound);
          expect(matches({ data: { [operator]: bound } }, value)).toBe(hasOrder);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds every value equal to itself, whatever the order of its keys', () => {
    const reverse = (value: JsonValue): JsonValue => {
      if (Array.isArray(value)) return (value as JsonValue[]).map(reverse);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .map(([key, member]) => [key, reverse(member)] as const)
          .toReversed(),
      );
    };
    fc.assert(
      fc.property(values, values, (value, other) => {
        expect(matches({ 'data.x': { $eq: value } }, { x: reverse(value) })).toBe(true);
        if (Array.isArray(other)) return;
        expect(matches({ 'data.x': { $eq: value } }, { x: other })).toBe(
          matches({ 'data.x': { $eq: other } }, { x: value }) && !Array.isArray(value),
        );
      }),
    );
  });

  it('reads keys and operators as $and, and obeys De Morgan', () => {
    fc.assert(
      fc.property(expressions, expressions, operators, operators, values, (one, two, left, right, data) => {
        const a = matches(one, data);
        const b = matches(two, data);
        expect(matches({ $and: [one, two] }, data)).toBe(a && b);
        expect(matches({ $or: [one, two] }, data)).toBe(a || b);
        expect(matches({ $not: { $or: [one, two] } }, data)).toBe(!a && !b);
        expect(matches({ 'data.a': left, 'data.b': right }, data)).toBe(
          matches({ 'data.a': left }, data) && matches({ 'data.b': right }, data),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('means the same after a round trip through JSON', () => {
    fc.assert(
      fc.property(expressions, values, (expression, data) => {
        const stored = JSON.parse(JSON.stringify(expression)) as FilterExpression;
        expect(matches(stored, data)).toBe(matches(expression, data));
      }),
    );
  });

  it('promises equalities that every match fulfils', () => {
    fc.assert(
      fc.property(expressions, values, (expression, data) => {
        const compiled = compileFilter(expression, () => undefined);
        if (!compiled.matches(inputWith(data))) return;
        for (const { path, values: wanted } of compiled.equalities) {
          const condition = { [path.text]: { $in: wanted } } as FilterExpression;
          expect(compileFilter(condition, () => undefined).matches(inputWith(data))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, FilterExpression, [string, unknown[]][]]>([
    ['a plain value', { 'data.id': 'x' }, [['data.id', ['x']]]],
    ['a list', { 'data.id': ['x', 1, null] }, [['data.id', ['x', 1, null]]]],
    [
      '$eq and $in',
      { 'data.id': { $eq: 'x', $in: ['x', 'y'], $ne: 'z' } },
      [
        ['data.id', ['x']],
        ['data.id', ['x', 'y']],
      ],
    ],
    [
      'several paths',
      { 'data.a': 1, 'metadata.b': true },
      [
        ['data.a', [1]],
        ['metadata.b', [true]],
      ],
    ],
    [
      '$and',
      { $and: [{ 'data.a': 1 }, { $and: [{ 'data.b': 2 }] }] },
      [
        ['data.a', [1]],
        ['data.b', [2]],
      ],
    ],
    ['a list with a nested value', { 'data.id': ['x', ['y']] }, []],
    ['a whole array', { 'data.id': { $eq: ['x'] } }, []],
    ['a whole object', { 'data.id': { $eq: { a: 1 } } }, []],
    ['other operators', { 'data.id': { $ne: 'x', $gt: 'a', $glob: 'x', $exists: true, $not: 'y' } }, []],
    ['$or and $not', { $or: [{ 'data.a': 1 }], $not: { 'data.b': 1 } }, []],
    ['nothing', {}, []],
  ])('finds the equalities of %s', (_, filter, expected) => {
    const { equalities } = compileFilter(filter, () => undefined);
    expect(equalities.map(({ path, values: wanted }) => [path.text, wanted])).toEqual(expected);
  });

  it('asks a named function last, and only when everything beside it holds', () => {
    const asked: FilterInput[] = [];
    const custom = { note: (input: FilterInput) => asked.push(input) > 0 };
    const filter: FilterExpression = { $custom: 'note', 'data.a': 1, $or: [{ 'data.b': 2 }] };
    expect(matches(filter, { a: 2, b: 2 }, custom)).toBe(false);
    expect(matches(filter, { a: 1, b: 1 }, custom)).toBe(false);
    expect(asked).toEqual([]);
    expect(matches(filter, { a: 1, b: 2 }, custom)).toBe(true);
    expect(asked).toEqual([inputWith({ a: 1, b: 2 })]);
  });

  it('lets the error of a named function through', () => {
    const error = new Error('no database');
    const custom: Record<string, CustomFilter> = {
      broken: () => {
        throw error;
      },
    };
    expect(() => matches({ $custom: 'broken' }, null, custom)).toThrow(error);
    expect(() => matches({ $not: { $custom: 'broken' } }, null, custom)).toThrow(error);
    expect(() => matches({ $or: [{ $custom: 'broken' }, {}] }, null, custom)).toThrow(error);
  });

  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'got a value of type undefined'],
    ['a number', () => 1, 'got a value of type number'],
    ['a promise', () => Promise.resolve(true), 'got a promise'],
    ['a promise that rejects', () => Promise.reject(new Error('late')), 'got a promise'],
  ])('refuses a named function that returns %s', (_, answer, message) => {
    const custom = { odd: answer as CustomFilter };
    expect(() => matches({ $custom: 'odd' }, null, custom)).toThrow(
      `must return true or false at once, ${message}`,
    );
  });

  it('names the first function that is not registered, and throws only when it is needed', () => {
    const filter: FilterExpression = { 'data.a': 1, $or: [{ $custom: 'one' }, { $custom: 'two' }] };
    const compiled = compileFilter(filter, (name) => (name === 'zero' ? () => true : undefined));
    expect(compiled.missing).toBe('one');
    expect(compiled.matches(inputWith({ a: 2 }))).toBe(false);
    expect(() => compiled.matches(inputWith({ a: 1 }))).toThrow(
      'needs the function "one", which is not registered',
    );
    expect(compileFilter({ $custom: 'zero' }, () => () => true).missing).toBeUndefined();
  });
});
