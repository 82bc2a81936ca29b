import { describe, expect, it } from 'vitest';
import { RateWindow } from '../../../src/core/rate-window.ts';
import { ClaimPlan } from '../../../src/store/sql/operations/claim-plan.ts';
import type { LaneGate } from '../../../src/store/sql/rows/lane-row.ts';
import type { ClaimParams } from '../../../src/store/store.ts';
import { claiming } from './fixtures.ts';

const NOW = 1_000;

const gate = (id: string, overrides: Partial<LaneGate> = {}): LaneGate => ({
  id,
  isShut: false,
  blockedUntil: 0,
  rate: undefined,
  isOnProbation: false,
  freeLeases: Infinity,
  ...overrides,
});

const gates = (count: number): LaneGate[] =>
  Array.from({ length: count }, (_, index) => gate(`lane_${index}`));

function setup(overrides: Partial<ClaimParams>): ClaimPlan {
  return new ClaimPlan(claiming(overrides), NOW);
}

describe('ClaimPlan', () => {
  it('gives every lane that it locks at least one delivery', () => {
    const plan = setup({ limit: 100 });
    const asked = plan.lanesToLock;
    const quotas = plan.addLanes(gates(asked));
    expect(quotas).toHaveLength(asked);
    expect(quotas.reduce((sum, { quota }) => sum + quota, 0)).toBeLessThanOrEqual(100);
  });

  it('locks no more lanes than there is room, and none when the batch is full', () => {
    const plan = setup({ limit: 3 });
    expect(plan.lanesToLock).toBe(3);
    for (const quota of plan.addLanes(gates(3))) plan.take(quota, 1, 0);
    expect([plan.lanesToLock, plan.secondHelpings()]).toEqual([0, []]);
  });

  it('asks a lane for more only when no other is left, and only one that gave all', () => {
    const plan = setup({ limit: 100 });
    const [first, second] = plan.addLanes(gates(2));
    expect([first?.quota, second?.quota]).toEqual([50, 50]);
    plan.take(first!, 50, 0);
    plan.take(second!, 5, 0);
    expect(plan.lanesToLock).toBe(0);
    expect(plan.secondHelpings()).toEqual([{ laneId: 'lane_0', quota: 45 }]);
  });

  it('never exceeds the free slots of a lane, and knows which have none', () => {
    const freeSlots = new Map([
      ['lane_0', 2],
      ['full', 0],
    ]);
    const plan = setup({ limit: 100, perLane: 3, freeSlots });
    const quotas = plan.addLanes(gates(2));
    expect(quotas.map(({ quota }) => quota)).toEqual([2, 3]);
    plan.take(quotas[0]!, 2, 0);
    plan.take(quotas[1]!, 1, 0);
    expect([...new Set(plan.full())].sort()).toEqual(['full', 'lane_0']);
    expect(plan.secondHelpings()).toEqual([]);
  });

  it('takes nothing of lanes that are closed, and has seen them', () => {
    const rate = new RateWindow({ limit: 1, intervalMs: 100 }, [[NOW, NOW, 1]]);
    const closed = [
      gate('paused', { isShut: true }),
      gate('blocked', { blockedUntil: NOW + 1 }),
      gate('limited', { rate }),
    ];
    const plan = setup({ limit: 100 });
    expect(plan.addLanes([...closed, gate('open', { blockedUntil: NOW })])).toEqual([
      { laneId: 'open', quota: 25 },
    ]);
    expect(plan.seen()).toHaveLength(4);
  });

  it('takes no more of a lane than it may have leases, tests aside', () => {
    const plan = setup({ limit: 100 });
    const [quota, ...others] = plan.addLanes([
      gate('limited', { freeLeases: 3 }),
      gate('full', { freeLeases: 0 }),
      gate('lowered', { freeLeases: -2 }),
    ]);
    expect([quota, others]).toEqual([{ laneId: 'limited', quota: 3 }, []]);
    plan.take(quota!, 3, 1);
    expect(plan.secondHelpings()).toEqual([{ laneId: 'limited', quota: 1 }]);
    expect(plan.seen().map(({ gate: { id }, counted }) => [id, counted])).toEqual([
      ['limited', 2],
      ['full', 0],
      ['lowered', 0],
    ]);
  });

  it('takes rate tokens for what it leases, tests aside', () => {
    const rate = new RateWindow({ limit: 5, intervalMs: 100 });
    const plan = setup({ limit: 100 });
    const [quota] = plan.addLanes([gate('limited', { rate })]);
    expect(quota?.quota).toBe(5);
    plan.take(quota!, 5, 2);
    expect(rate.room(NOW)).toBe(2);
  });
});
