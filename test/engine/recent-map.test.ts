import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from '../../src/engine/recent-map.ts';

const LIMIT = 8;
const key = fc.integer({ min: 0, max: 30 }).map(String);

describe('RecentMap', () => {
  it('gives what was set last, keeps the half of its limit that was used last, and never holds more', () => {
    const step = fc.tuple(fc.constantFrom('get', 'set', 'delete'), key);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const map = new RecentMap<number>(LIMIT);
        const values = new Map<string, number>();
        let used: string[] = [];
        for (const [index, [what, name]] of steps.entries()) {
          if (what === 'set') {
            map.set(name, index);
            values.set(name, index);
          } else if (what === 'delete') {
            map.delete(name);
            values.delete(name);
          }
          used = used.filter((other) => other !== name);
          const found = map.get(name);
          if (found !== undefined) {
            expect(found).toBe(values.get(name));
            used.push(name);
          } else {
            expect(what).not.toBe('set');
          }
          for (const recent of used.slice(-LIMIT / 2)) expect(map.get(recent)).toBe(values.get(recent));
          used = used.slice(-LIMIT / 2);
          expect(map.size).toBeLessThanOrEqual(LIMIT);
        }
      }),
    );
  });

  it('forgets what is not used', () => {
    const map = new RecentMap<number>(LIMIT);
    map.set('first', 1);
    for (let n = 0; n < LIMIT; n += 1) map.set(`other ${n}`, n);
    expect(map.get('first')).toBeUndefined();
  });
});
