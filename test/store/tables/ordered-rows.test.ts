import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedRows } from '../../../src/store/tables/ordered-rows.ts';

interface Row {
  readonly sequence: number;
  removed: boolean;
}

function collect(scan: (visit: (row: Row) => boolean) => void): number[] {
  const found: number[] = [];
  scan((row) => {
    found.push(row.sequence);
    return true;
  });
  return found;
}

describe('OrderedRows', () => {
  it('reads what is left from both ends and from any place, after any removals', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ gap: fc.integer({ min: 1, max: 3 }), removals: fc.array(fc.nat(), { maxLength: 3 }) }),
          { maxLength: 200, size: 'max' },
        ),
        fc.nat(700),
        fc.constantFrom(1, 8, 1_000),
        (steps, place, oldest) => {
          const rows = new OrderedRows<Row>();
          let left: Row[] = Array.from({ length: 200 }, (_, index) => ({
            sequence: index + 1,
            removed: false,
          }));
          for (const row of left) rows.push(row);
          let sequence = left.length;
          for (const { gap, removals } of steps) {
            sequence += gap;
            const row: Row = { sequence, removed: false };
            rows.push(row);
            left.push(row);
            for (const pick of removals) {
              const gone = left[pick % Math.max(1, Math.min(oldest, left.length))];
              if (gone === undefined) continue;
              gone.removed = true;
              rows.noteRemoved();
              left = left.filter((one) => one !== gone);
            }
          }
          const sequences = left.map((row) => row.sequence);
          expect(rows.size).toBe(left.length);
          expect(collect((visit) => rows.scanUp(0, visit))).toEqual(sequences);
          expect(collect((visit) => rows.scanDown(Infinity, visit))).toEqual([...sequences].reverse());
          expect(collect((visit) => rows.scanUp(place, visit))).toEqual(
            sequences.filter((one) => one > place),
          );
          expect(collect((visit) => rows.scanDown(place, visit))).toEqual(
            sequences.filter((one) => one < place).reverse(),
          );
        },
      ),
    );
  });

  it('stops when told to', () => {
    const rows = new OrderedRows<Row>();
    for (let sequence = 1; sequence <= 5; sequence += 1) rows.push({ sequence, removed: false });
    const seen: number[] = [];
    rows.scanUp(0, (row) => seen.push(row.sequence) < 2);
    rows.scanDown(5, (row) => seen.push(row.sequence) < 4);
    expect(seen).toEqual([1, 2, 4, 3]);
  });
});
