import { describe, expect, it } from 'vitest';
import type { StoreChange } from '../../../../src/store/store.ts';
import { PendingChanges } from '../../../../src/store/file/socket/pending-changes.ts';

describe('PendingChanges', () => {
  it('tells equal changes once, in order', () => {
    const changes = new PendingChanges();
    for (const kind of ['work', 'fan_out', 'work'] as const) changes.add({ kind });
    changes.add({ kind: 'setting', key: 'switch' });
    changes.add({ kind: 'endpoint', id: 'ep_1' });
    changes.add({ kind: 'endpoint', id: 'ep_1' });
    expect(changes.take()).toEqual([
      { kind: 'work' },
      { kind: 'fan_out' },
      { kind: 'setting', key: 'switch' },
      { kind: 'endpoint', id: 'ep_1' },
    ]);
    expect(changes.take()).toEqual([]);
  });

  it('tells of many endpoints as of any', () => {
    const changes = new PendingChanges();
    changes.add({ kind: 'work' });
    for (let index = 0; index < 1_000; index += 1) changes.add({ kind: 'endpoint', id: `ep_${index}` });
    const told = changes.take();
    expect(told[0]).toEqual({ kind: 'work' });
    expect(told).toContainEqual({ kind: 'endpoint', id: undefined });
    expect(told.length).toBeLessThan(103);
  });

  it('tells of a problem that lasts as it is last, and of those that are over all', () => {
    const changes = new PendingChanges();
    const told = (message: string, lasts: boolean): StoreChange => ({
      kind: 'problem',
      problem: { message, code: 'record_invalid', lasts },
    });
    changes.add(told('a', true));
    changes.add(told('over', false));
    changes.add({ kind: 'problem', problem: undefined });
    changes.add(told('a', true));
    expect(changes.take()).toEqual([told('over', false), told('a', true)]);
  });
});
