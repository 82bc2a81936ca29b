import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/engine/turns.ts';
import { turn, until } from '../support/world.ts';

/** Work that ends when it is told to. */
function setup(max: number, maxPerOwner: number) {
  const turns = new Turns(max, maxPerOwner);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (owner: string, name: string): Promise<string> =>
    turns.take(owner, () => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, () => resolve(name)));
    });
  return { turns, begun, take, end: (name: string) => ends.get(name)!() };
}

/** As much has begun as is expected, and whatever else could. */
async function allBegun(begun: readonly string[], count: number): Promise<readonly string[]> {
  await until(() => begun.length >= count, `${count} have begun`);
  for (let turns = 0; turns < 10; turns += 1) await turn();
  return begun;
}

describe('Turns', () => {
  it('gives an owner a few at a time, and others theirs meanwhile', async () => {
    const { take, begun, end } = setup(10, 2);
    const results = ['a1', 'a2', 'a3'].map((name) => take('a', name));
    void take('b', 'b1');
    expect(await allBegun(begun, 3)).toEqual(['a1', 'a2', 'b1']);
    end('a1');
    expect(await results[0]).toBe('a1');
    expect(await allBegun(begun, 4)).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it('gives all owners together no more than it may', async () => {
    const { take, begun, end } = setup(2, 2);
    for (const owner of ['a', 'b', 'c']) void take(owner, owner);
    expect(await allBegun(begun, 2)).toEqual(['a', 'b']);
    end('b');
    expect(await allBegun(begun, 3)).toEqual(['a', 'b', 'c']);
  });

  it('gives the next one its turn when work fails', async () => {
    const { turns, take, begun } = setup(1, 1);
    await expect(turns.take('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    void take('a', 'a1');
    expect(await allBegun(begun, 1)).toEqual(['a1']);
  });
});
