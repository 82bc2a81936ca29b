import { describe, expect, it } from 'vitest';
import { chunksOf } from '../../../src/store/sql/chunks.ts';

describe('chunksOf', () => {
  const parts = (sizes: readonly number[]): number[][] =>
    [...chunksOf(sizes, (size) => size)].map((part) => [...part]);

  it('keeps together what fits into one statement', () => {
    expect(parts([])).toEqual([]);
    expect(parts([1, 2, 3])).toEqual([[1, 2, 3]]);
    expect(parts([1_999_999, 1])).toEqual([[1_999_999, 1]]);
  });

  it('cuts where it does not, and gives what is too large a statement of its own', () => {
    expect(parts([1_000_000, 1_000_001, 5])).toEqual([[1_000_000], [1_000_001, 5]]);
    expect(parts([3_000_000, 1, 3_000_000])).toEqual([[3_000_000], [1], [3_000_000]]);
  });
});
