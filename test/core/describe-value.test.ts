import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeValue } from '../../src/core/describe-value.ts';

describe('describeValue', () => {
  it.each([
    ['fast', '"fast" (string)'],
    ['', '"" (string)'],
    ['line\nbreak\u2028', '"line\\nbreak\\u2028" (string)'],
    [-1, '-1 (number)'],
    [NaN, 'NaN (number)'],
    [true, 'true (boolean)'],
    [12n, '12n (bigint)'],
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

  it('shortens long texts', () => {
    expect(describeValue('x'.repeat(1000))).toBe(`"${'x'.repeat(40)}…" (string)`);
    expect(describeValue(10n ** 100n).length).toBeLessThan(60);
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
