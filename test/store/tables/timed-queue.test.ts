import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimedQueue, type TimedEntry } from '../../../src/store/tables/timed-queue.ts';

interface Item {
  readonly sequence: number;
  entry: TimedEntry<Item> | undefined;
}

describe('TimedQueue', () => {
  it('gives the item with the earliest instant, whatever was added, dropped and moved', () => {
    const step = fc.record({ item: fc.nat(99), at: fc.nat(20), isDropped: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const queue = new TimedQueue<Item>();
        const items: Item[] = Array.from({ length: 100 }, (_, sequence) => ({ sequence, entry: undefined }));
        const instants = new Map<Item, number>();
        for (const { item: index, at, isDropped } of steps) {
          const item = items[index]!;
          queue.drop(item);
          instants.delete(item);
          if (!isDropped) {
            queue.add(item, at);
            instants.set(item, at);
          }
          const [first] = [...instants].sort(([a, x], [b, y]) => x - y || a.sequence - b.sequence);
          expect(queue.peek()?.item).toBe(first?.[0]);
          expect(queue.peek()?.at).toBe(first?.[1]);
        }
        const order: number[] = [];
        for (let entry = queue.peek(); entry !== undefined; entry = queue.peek()) {
          order.push(entry.at * 1_000 + entry.item.sequence);
          queue.drop(entry.item);
        }
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(order).toHaveLength(instants.size);
      }),
      { numRuns: 25 },
    );
  });
});
