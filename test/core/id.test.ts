import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSystemRandom } from '../../src/clock.ts';
import { createOrderedId, isId } from '../../src/core/id.ts';

const random = createSystemRandom();
/** The latest instant that a Date can hold fits, too. */
const instant = fc.integer({ min: 0, max: 8_640_000_000_000_000 });

describe('an ordered id', () => {
  it('is greater than all ids of earlier milliseconds, by the codes of its characters', () => {
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        const [first, second] = [createOrderedId('msg_', a, random), createOrderedId('msg_', b, random)];
        // Whole 48 bits: instants behind the year 10889 begin anew.
        const [early, late] = [a % 2 ** 48, b % 2 ** 48];
        if (early !== late) expect(first < second).toBe(early < late);
      }),
    );
  });

  it('is an id, of 22 characters behind its prefix', () => {
    fc.assert(
      fc.property(instant, (now) => {
        const id = createOrderedId('dlv_', now, random);
        expect(isId(id)).toBe(true);
        expect(id).toHaveLength('dlv_'.length + 22);
      }),
    );
  });

  it('differs from others of its millisecond', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => createOrderedId('', 1, random)));
    expect(ids.size).toBe(10_000);
  });
});
