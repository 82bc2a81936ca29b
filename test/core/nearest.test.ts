import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/core/nearest.ts';

const KNOWN = ['exponential', 'schedule', 'once', 'custom', 'hex', '$eq'];

describe('nearest', () => {
  it.each([
    ['exponental', 'exponential'],
    ['Exponential', 'exponential'],
    ['scheudle', 'schedule'],
    ['shcedule', 'schedule'],
    ['onec', 'once'],
    ['hexx', 'hex'],
    ['$qe', '$eq'],
    ['custom', 'custom'],
  ])('takes %s for %s', (word, expected) => {
    expect(nearest(word, KNOWN)).toBe(expected);
  });

  it.each(['', 'x', 'linear', 'on', 'timestamped-hex'])('finds nothing near %j', (word) => {
    expect(nearest(word, KNOWN)).toBeUndefined();
  });

  it('prefers the nearest, and the first of equals', () => {
    expect(nearest('maxDelay', ['maxDelays', 'maxDelay'])).toBe('maxDelay');
    expect(nearest('bat', ['cat', 'hat'])).toBe('cat');
  });

  it('counts two letters that changed places as one slip', () => {
    expect(nearest('acb', ['abc'])).toBe('abc');
    expect(nearest('cba', ['abc'])).toBeUndefined();
  });

  it('finds a known word whatever single slip is made in it', () => {
    const slip = fc.record({
      word: fc.constantFrom('exponential', 'schedule', 'custom'),
      at: fc.nat(),
      letter: fc.constantFrom('q', 'z', ''),
      insert: fc.boolean(),
    });
    fc.assert(
      fc.property(slip, ({ word, at, letter, insert }) => {
        const index = at % word.length;
        const changed = word.slice(0, index) + letter + word.slice(index + (insert ? 0 : 1));
        expect(nearest(changed, KNOWN)).toBe(word);
      }),
    );
  });
});
