import { describe, expect, it } from 'vitest';
import { DELIVERY_STATES, type Delivery, FINAL_STATES } from '../../src/core/delivery.ts';
import { planReplay } from '../../src/core/plan-replay.ts';

const AS_OF = 1_000;

function delivery(overrides: Partial<Delivery> = {}): Delivery {
  return {
    id: 'dlv_1',
    messageId: 'msg_1',
    endpointId: 'ep_1',
    tenant: 'default',
    type: 'job.done',
    state: 'exhausted',
    reason: 'timeout',
    attempts: 1,
    attemptsBeforeRun: 0,
    rescues: 0,
    faults: 0,
    dueAt: 0,
    createdAt: 500,
    firstAttemptAt: 500,
    finishedAt: 600,
    test: false,
    ...overrides,
  };
}

describe('planReplay', () => {
  it.each<[string, Partial<Delivery>, boolean]>([
    ['one that ended before', {}, true],
    ['one that ended in the very millisecond', { finishedAt: AS_OF }, true],
    ['one that ended later', { finishedAt: AS_OF + 1 }, false],
    [
      'one that was created later',
      { createdAt: AS_OF + 1, finishedAt: undefined, state: 'scheduled' },
      false,
    ],
    ['one that waits', { finishedAt: undefined, state: 'scheduled' }, true],
    ['one that runs', { finishedAt: undefined, state: 'sending' }, false],
    ['one of a test', { test: true }, false],
  ])('%s: %j', (_name, overrides, isRetried) => {
    const plan = planReplay([delivery(overrides)], { states: DELIVERY_STATES, asOf: AS_OF }, () => true);
    expect(plan).toMatchObject({ retry: isRetried ? [{ id: 'dlv_1' }] : [], skipped: 0 });
  });

  it('takes the states that are asked for, in order, and counts those of endpoints that are not served', () => {
    const deliveries = FINAL_STATES.map((state, n) => delivery({ id: state, state, endpointId: `ep_${n}` }));
    const scope = { states: ['exhausted', 'discarded', 'failed'], asOf: AS_OF } as const;
    const { retry, skipped } = planReplay(deliveries, scope, (id) => id !== 'ep_2');
    expect([retry.map(({ id }) => id), skipped]).toEqual([['exhausted', 'failed'], 1]);
  });
});
