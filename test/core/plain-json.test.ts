import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, isPlainJson } from '../../src/core/plain-json.ts';

describe('isPlainJson', () => {
  it('accepts whatever comes out of JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(isPlainJson(JSON.parse(text.replaceAll('toJSON', 'x')))).toBe(true);
      }),
    );
  });

  it.each([
    ['a member left undefined', { a: undefined }, true],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 }), true],
    ['a function', { a: () => 1 }, false],
    ['a symbol', Symbol('a'), false],
    ['a bigint', 1n, false],
    ['NaN', [NaN], false],
    ['Infinity', { a: { b: Infinity } }, false],
    ['undefined in a list', [undefined], false],
    ['a Map', { headers: new Map() }, false],
    ['a Date', { at: new Date(0) }, false],
    ['an object that speaks for itself', { toJSON: 'even a text' }, false],
  ])('judges %s', (_what, value, expected) => {
    expect(isPlainJson(value)).toBe(expected);
  });
});

describe('canonicalJson', () => {
  it('is one text for all orders of the members, and the same value', () => {
    const shuffle = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffle);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, member]) => [name, shuffle(member)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(shuffle(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('tells the order of a list', () => {
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  });
});
