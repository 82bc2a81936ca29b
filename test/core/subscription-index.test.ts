import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompiledFilter, compileFilter, type FilterInput } from '../../src/core/compile-filter.ts';
import { type FilterExpression, validateFilter } from '../../src/core/filter.ts';
import type { JsonObject, JsonValue } from '../../src/core/json.ts';
import { matchesPattern } from '../../src/core/pattern.ts';
import { type Subscription, SubscriptionIndex } from '../../src/core/subscription-index.ts';

function compile(filter: FilterExpression | undefined): CompiledFilter | undefined {
  if (filter === undefined) return undefined;
  validateFilter(filter, 'filter');
  return compileFilter(filter, () => undefined);
}

function subscription(
  value: string,
  events: readonly string[],
  filter?: FilterExpression,
  tenant = 'acme',
): Subscription<string> {
  return { tenant, events, filter: compile(filter), value };
}

function indexOf(...subscriptions: Subscription<string>[]): SubscriptionIndex<string> {
  const index = new SubscriptionIndex<string>();
  for (const item of subscriptions) index.set(item.value, item);
  return index;
}

function inputOf(type: string, data: JsonValue = {}, metadata?: JsonObject, tenant = 'acme'): FilterInput {
  return { type, tenant, data, metadata };
}

function matchIn(index: SubscriptionIndex<string>, type: string, data: JsonValue = {}): string[] {
  return index.match(type, 'acme', () => inputOf(type, data));
}

/** A filter that notes each time it is run. */
function counting(filter: FilterExpression, count: () => void): CompiledFilter {
  const compiled = compileFilter(filter, () => undefined);
  return {
    ...compiled,
    matches: (input) => {
      count();
      return compiled.matches(input);
    },
  };
}

const segments = fc.constantFrom('a', 'b', 'c');
const types = fc.array(segments, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
const patterns = fc
  .array(fc.oneof(segments, fc.constantFrom('*', '**')), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('.'));
const plain = fc.constantFrom<(string | number | boolean | null)[]>(
  'x',
  'y',
  1,
  '1',
  true,
  null,
  '__proto__',
);
const conditions = fc.oneof(
  plain,
  fc.array(plain, { minLength: 1, maxLength: 3 }),
  plain.map(($eq) => ({ $eq })),
  fc.array(fc.oneof(plain, fc.constant(['x'])), { minLength: 1, maxLength: 2 }).map(($in) => ({ $in })),
  plain.map(($ne) => ({ $ne })),
  fc.record({ $in: fc.array(plain, { minLength: 1, maxLength: 2 }), $exists: fc.boolean() }),
  fc.constant({ $glob: '?' }),
);
const members = fc.dictionary(
  fc.constantFrom('data.a', 'data.b', 'data', 'metadata.a', 'type', 'data.__proto__'),
  conditions,
  { maxKeys: 3 },
);
const filters: fc.Arbitrary<FilterExpression> = fc.oneof(
  members,
  members.map((member) => ({ $and: [member, { 'data.a': 'x' }] })),
  members.map(($not) => ({ $not })),
);
const subscriptions = fc.record({
  tenant: fc.constantFrom('acme', 'other', '__proto__'),
  events: fc.array(patterns, { minLength: 1, maxLength: 4 }),
  filter: fc.option(filters, { nil: undefined }),
});
/** What happens to an id: a new subscription, or its removal. */
const operations = fc.array(
  fc.record({ id: fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8'), given: fc.option(subscriptions) }),
  { maxLength: 40 },
);
const dataValues = fc.oneof(plain, fc.array(fc.oneof(plain, fc.constant(['x'])), { maxLength: 3 }));
const messages = fc.record({
  type: types,
  tenant: fc.constantFrom('acme', 'other', '__proto__', 'nobody'),
  data: fc.oneof(
    dataValues,
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), dataValues, { maxKeys: 3 }),
  ),
  metadata: fc.option(fc.dictionary(fc.constant('a'), plain), { nil: undefined }),
});

describe('SubscriptionIndex', () => {
  it('finds what a scan of all subscriptions finds, after any additions, replacements and removals', () => {
    fc.assert(
      fc.property(operations, fc.array(messages, { minLength: 1, maxLength: 5 }), (steps, sent) => {
        const index = new SubscriptionIndex<string>();
        const scanned = new Map<string, Subscription<string>>();
        for (const { id, given } of steps) {
          if (given === null) {
            expect(index.delete(id)).toBe(scanned.delete(id));
          } else {
            const item = { ...given, filter: compile(given.filter), value: id };
            index.set(id, item);
            scanned.set(id, item);
          }
        }
        expect(index.size).toBe(scanned.size);
        for (const input of sent) {
          const expected = [...scanned.values()].filter(
            ({ tenant, events, filter }) =>
              tenant === input.tenant &&
              events.some((pattern) => matchesPattern(pattern, input.type)) &&
              (filter === undefined || filter.matches(input)),
          );
          expect(index.match(input.type, input.tenant, () => input)).toEqual(
            expected.map(({ value }) => value),
          );
        }
        for (const id of scanned.keys()) index.delete(id);
        expect([index.size, index.tenants]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });

  it('returns values in the order of insertion, each once, though several patterns match', () => {
    const index = indexOf(
      subscription('all', ['*']),
      subscription('exact', ['job.completed', 'job.completed']),
      subscription('many', ['job.*', 'job.**', '**', '*.completed', 'job.completed']),
      subscription('other', ['job.failed']),
    );
    expect(matchIn(index, 'job.completed')).toEqual(['all', 'exact', 'many']);
  });

  it('keeps the position of a subscription that is replaced, and gives a new one to what comes back', () => {
    const index = indexOf(subscription('1', ['a']), subscription('2', ['a']), subscription('3', ['a']));
    index.set('1', subscription('one', ['*']));
    expect(matchIn(index, 'a')).toEqual(['one', '2', '3']);
    index.delete('1');
    index.set('1', subscription('1', ['a']));
    expect(matchIn(index, 'a')).toEqual(['2', '3', '1']);
  });

  it('forgets the events, filter and tenant of a subscription that is replaced', () => {
    const index = indexOf(subscription('1', ['a', 'b.*'], { 'data.x': 1 }));
    index.set('1', subscription('1', ['c'], undefined, 'other'));
    expect(matchIn(index, 'a', { x: 1 })).toEqual([]);
    expect(matchIn(index, 'b.c', { x: 1 })).toEqual([]);
    expect(index.match('c', 'other', () => inputOf('c'))).toEqual(['1']);
    expect([index.size, index.tenants]).toEqual([1, 1]);
  });

  it('keeps tenants apart', () => {
    const index = indexOf(subscription('1', ['*']), subscription('2', ['*'], undefined, 'other'));
    expect(index.match('a', 'acme', () => inputOf('a'))).toEqual(['1']);
    expect(index.match('a', 'other', () => inputOf('a'))).toEqual(['2']);
    expect(index.match('a', 'nobody', () => inputOf('a'))).toEqual([]);
  });

  it('builds the input once, and only for subscriptions with a filter', () => {
    const index = indexOf(
      subscription('plain', ['a', 'b.*']),
      subscription('one', ['b.c'], { 'data.x': { $gt: 1 } }),
      subscription('two', ['b.**'], { 'data.x': 1 }),
    );
    let built = 0;
    const match = (type: string): string[] =>
      index.match(type, 'acme', () => {
        built += 1;
        return inputOf(type, { x: 1 });
      });
    expect(match('a')).toEqual(['plain']);
    expect(match('nothing.here.x')).toEqual([]);
    expect(built).toBe(0);
    expect(match('b.c')).toEqual(['plain', 'two']);
    expect(built).toBe(1);
  });

  it.each<[string, (machineId: string) => FilterExpression]>([
    ['the only condition', (machineId) => ({ 'data.machineId': machineId })],
    ['the first of two', (machineId) => ({ 'data.machineId': machineId, 'data.kind': 'press' })],
    ['the last of two', (machineId) => ({ 'data.kind': ['press', 'mill'], 'data.machineId': machineId })],
    [
      'inside $and',
      (machineId) => ({ 'data.kind': 'press', $and: [{ 'data.machineId': { $in: [machineId] } }] }),
    ],
  ])('runs the filters of those who wait for this value alone when it is %s', (_, filterFor) => {
    let runs = 0;
    const count = (): void => void (runs += 1);
    const index = new SubscriptionIndex<number>();
    for (let number = 0; number < 2000; number += 1) {
      const filter = counting(filterFor(`m-${number}`), count);
      index.set(String(number), {
        tenant: 'acme',
        events: ['job.completed', 'job.*'],
        filter,
        value: number,
      });
    }
    const data = { kind: 'press', machineId: 'm-42' };
    expect(index.match('job.completed', 'acme', () => inputOf('job.completed', data))).toEqual([42]);
    // The very first subscription had nothing to choose by, and may wait for the kind.
    expect(runs).toBeLessThanOrEqual(2);
  });

  it('runs the filters of those who wait for any item of a list', () => {
    const ran: string[] = [];
    const index = new SubscriptionIndex<string>();
    for (const name of ['a', 'b', 'c', 'd']) {
      const filter = counting({ 'data.tags': [name, 'x'] }, () => ran.push(name));
      index.set(name, { tenant: 'acme', events: ['*'], filter, value: name });
    }
    expect(matchIn(index, 'job', { tags: ['d', 'b', 'd', ['a']] })).toEqual(['b', 'd']);
    expect(ran.toSorted()).toEqual(['b', 'd']);
    expect(matchIn(index, 'job', { tags: ['x', 'a', 'x'] })).toEqual(['a', 'b', 'c', 'd']);
  });

  it('reports a filter that throws and goes on with the others', () => {
    const error = new Error('no database');
    const broken = compileFilter({ $custom: 'broken' }, () => () => {
      throw error;
    });
    const index = indexOf(subscription('1', ['a']), subscription('3', ['a'], { 'data.x': 1 }));
    index.set('2', { tenant: 'acme', events: ['a'], filter: broken, value: '2' });
    const reports: [string, unknown][] = [];
    const input = (): FilterInput => inputOf('a', { x: 1 });
    expect(index.match('a', 'acme', input, (value, cause) => reports.push([value, cause]))).toEqual([
      '1',
      '3',
    ]);
    expect(reports).toEqual([['2', error]]);
  });

  it('throws the first error after all filters ran when nobody listens', () => {
    const ran: string[] = [];
    const index = new SubscriptionIndex<string>();
    for (const name of ['first', 'second', 'third']) {
      const filter = compileFilter({ $custom: name }, () => () => {
        ran.push(name);
        if (name !== 'third') throw new Error(name);
        return true;
      });
      index.set(name, { tenant: 'acme', events: ['a'], filter, value: name });
    }
    expect(() => matchIn(index, 'a')).toThrow('first');
    expect(ran).toEqual(['first', 'second', 'third']);
  });

  it('stands a filter function that uses the index itself', () => {
    const index = indexOf(
      subscription('plain', ['a', '*']),
      subscription('hashed', ['a', '*'], { 'data.x': 1 }),
    );
    const inner: string[][] = [];
    const filter = compileFilter({ $custom: 'nosy' }, () => () => {
      if (inner.length > 0) return true;
      inner.push([]);
      inner.push(matchIn(index, 'a', { x: 1 }));
      index.delete('plain');
      index.set('late', subscription('late', ['a']));
      return true;
    });
    index.set('nosy', { tenant: 'acme', events: ['a', '*'], filter, value: 'nosy' });
    expect(matchIn(index, 'a', { x: 1 })).toEqual(['plain', 'hashed', 'nosy']);
    expect(inner[1]).toEqual(['plain', 'hashed', 'nosy']);
    expect(matchIn(index, 'a', { x: 1 })).toEqual(['hashed', 'nosy', 'late']);
  });

  it('tells values of different types apart', () => {
    const index = indexOf(
      subscription('string', ['a'], { 'data.x': '1' }),
      subscription('number', ['a'], { 'data.x': 1 }),
      subscription('true', ['a'], { 'data.x': true }),
      subscription('null', ['a'], { 'data.x': null }),
      subscription('zero', ['a'], { 'data.x': 0 }),
    );
    expect(matchIn(index, 'a', { x: '1' })).toEqual(['string']);
    expect(matchIn(index, 'a', { x: 1 })).toEqual(['number']);
    expect(matchIn(index, 'a', { x: true })).toEqual(['true']);
    expect(matchIn(index, 'a', { x: null })).toEqual(['null']);
    expect(matchIn(index, 'a', { x: -0 })).toEqual(['zero']);
    expect(matchIn(index, 'a', {})).toEqual([]);
    expect(matchIn(index, 'a', { x: { toString: '1' } })).toEqual([]);
  });

  it('is not confused by names that every object has', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const index = new SubscriptionIndex<string>();
    for (const name of names) {
      expect(index.match(name, name, () => inputOf(name))).toEqual([]);
      expect(index.delete(name)).toBe(false);
    }
    for (const name of names) {
      const filter: FilterExpression = { [`data.${name}`]: name };
      index.set(name, subscription(name, [name, `${name}.*`], filter, name));
    }
    for (const name of names) {
      const held = JSON.parse(`{"${name}": "${name}"}`) as JsonValue;
      expect(index.match(name, name, () => inputOf(name, held))).toEqual([name]);
      expect(index.match(`${name}.x`, name, () => inputOf(name, held))).toEqual([name]);
      expect(index.match(name, name, () => inputOf(name, {}))).toEqual([]);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('takes nobody for a subscription without events', () => {
    const index = indexOf(subscription('1', []));
    expect(matchIn(index, 'a')).toEqual([]);
    expect(index.size).toBe(1);
    expect(index.delete('1')).toBe(true);
    expect(index.tenants).toBe(0);
  });
});
