import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeType, describeValue } from '../../src/core/describe-value.ts';

describe('describeValue', () => {
  it.each([
    ['fast', '"fast" (string)'],
    ['', '"" (string)'],
    ['line\nbreak\u2028', '"line\\nbreak\\u2028" (string)'],
    [-1, '-1 (number)'],
    [NaN, 'NaN (number)'],
    [true, 'true (boolean)'],
    [12n, 'a bigint'],
    [undefined, 'undefined'],
    [null, 'null'],
    [[1, 2, 3], 'an array of 3'],
    [{ password: 'x' }, 'an object'],
    [new Date(0), 'an object'],
    [() => 1, 'a function'],
    [Symbol('s'), 'a symbol'],
  ])('describes %o', (value, expected) => {
    expect(describeValue(value)).toBe(expected);
  });

  it('shows no long texts, which may be secrets', () => {
    expect(describeValue('x'.repeat(1000))).toBe('a string of 1000 characters');
    expect(describeValue('x'.repeat(20))).toBe(`"${'x'.repeat(20)}" (string)`);
  });

  it('gives one short line for anything, and runs no code of the value', () => {
    const hostile = {
      get a(): never {
        throw new Error('touched');
      },
      toString(): never {
        throw new Error('touched');
      },
    };
    expect(describeValue(hostile)).toBe('an object');
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const text = describeValue(value);
        expect(text.length).toBeLessThan(300);
        expect(text).not.toMatch(/[\n\r\u0000-\u001f\u2028]/);
      }),
    );
  });
});

describe('describeType', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [[1], 'an array'],
    [{}, 'an object'],
    ['whsec_', 'a string'],
    [1n, 'a bigint'],
  ])('describes %o by its type alone', (value, expected) => {
    expect(describeType(value)).toBe(expected);
  });
});
