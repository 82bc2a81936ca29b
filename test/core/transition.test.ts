import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DELIVERY_STATES, type DeliveryState } from '../../src/core/delivery.ts';
import type { DispatcherReason } from '../../src/core/outcome.ts';
import {
  DELIVERY_EVENTS,
  type DeliveryEvent,
  type DeliverySnapshot,
  type Transition,
  transition,
} from '../../src/core/transition.ts';

const LIMITS = { maxRescues: 5, maxFaults: 5, faultDelayMs: 10_000 };

/** The first attempt of a second run, after two lost leases and one fault. */
const COUNTERS = { attempts: 4, attemptsBeforeRun: 3, rescues: 2, faults: 1 };

type Expected = 'unchanged' | Partial<Transition>;

const RETRY: DeliveryEvent = {
  kind: 'endpoint_failed',
  reason: 'http_status',
  next: { kind: 'retry', delayMs: 5_000 },
};
const STOP: DeliveryEvent = { kind: 'endpoint_failed', reason: 'timeout', next: { kind: 'stop' } };
const GONE: DeliveryEvent = {
  kind: 'endpoint_failed',
  reason: 'http_status',
  next: { kind: 'discard', reason: 'gone' },
};
const FRESH_RUN: Expected = { state: 'scheduled', attemptsBeforeRun: 4, rescues: 0, faults: 0 };

/** Every pair of event and state. What a row leaves out stays as it is; `reason` is undefined and `delayMs` 0 then. */
const TABLE: readonly (readonly [DeliveryEvent, Readonly<Record<DeliveryState, Expected>>])[] = [
  [{ kind: 'claimed' }, only('scheduled', { state: 'sending', attempts: 5 })],
  [{ kind: 'succeeded' }, only('sending', { state: 'succeeded', faults: 0 })],
  [RETRY, only('sending', { state: 'scheduled', reason: 'http_status', delayMs: 5_000, faults: 0 })],
  [STOP, only('sending', { state: 'exhausted', reason: 'timeout' })],
  [GONE, only('sending', { state: 'discarded', reason: 'gone' })],
  [{ kind: 'interrupted' }, only('sending', { state: 'scheduled', attempts: 3 })],
  [
    { kind: 'dispatcher_failed', reason: 'function_failed' },
    only('sending', {
      state: 'scheduled',
      reason: 'function_failed',
      attempts: 3,
      faults: 2,
      delayMs: 20_000,
    }),
  ],
  [{ kind: 'lease_expired' }, only('sending', { state: 'scheduled', attempts: 3, rescues: 3 })],
  [{ kind: 'released' }, only('sending', { state: 'scheduled', attempts: 3 })],
  [
    { kind: 'withdrawn', reason: 'endpoint_removed' },
    only('sending', { state: 'discarded', reason: 'endpoint_removed', attempts: 3 }),
  ],
  [
    { kind: 'retry_requested' },
    {
      scheduled: FRESH_RUN,
      sending: 'unchanged',
      succeeded: FRESH_RUN,
      exhausted: FRESH_RUN,
      discarded: FRESH_RUN,
      failed: FRESH_RUN,
    },
  ],
  [
    { kind: 'discard_requested', reason: 'cancelled' },
    only('scheduled', { state: 'discarded', reason: 'cancelled' }),
  ],
];

function only(state: DeliveryState, expected: Expected): Record<DeliveryState, Expected> {
  return {
    scheduled: 'unchanged',
    sending: 'unchanged',
    succeeded: 'unchanged',
    exhausted: 'unchanged',
    discarded: 'unchanged',
    failed: 'unchanged',
    [state]: expected,
  };
}

describe('transition', () => {
  it('is written out here for every kind of event', () => {
    expect(new Set(TABLE.map(([event]) => event.kind))).toEqual(new Set(DELIVERY_EVENTS));
  });

  for (const [event, row] of TABLE) {
    for (const state of DELIVERY_STATES) {
      const expected = row[state];
      const target = expected === 'unchanged' ? 'stays' : `becomes ${expected.state}`;
      it(`${state} ${target} on ${JSON.stringify(event)}`, () => {
        const result = transition({ state, ...COUNTERS }, event, LIMITS);
        if (expected === 'unchanged') expect(result).toBeUndefined();
        else expect(result).toEqual({ ...COUNTERS, reason: undefined, delayMs: 0, ...expected });
      });
    }
  }

  it('gives up as crash_loop when a lease expires once more than maxRescues', () => {
    const after = (rescues: number): Transition | undefined =>
      transition({ state: 'sending', ...COUNTERS, rescues }, { kind: 'lease_expired' }, LIMITS);
    expect(after(4)).toMatchObject({ state: 'scheduled', rescues: 5, attempts: 3 });
    expect(after(5)).toMatchObject({ state: 'failed', reason: 'crash_loop', rescues: 6, attempts: 3 });
  });

  it('gives up as failed at the last fault, with the waits doubling before', () => {
    const after = (faults: number): Transition | undefined =>
      transition(
        { state: 'sending', ...COUNTERS, faults },
        { kind: 'dispatcher_failed', reason: 'bad_secret' },
        LIMITS,
      );
    expect([0, 1, 2, 3].map((faults) => after(faults)?.delayMs)).toEqual([10_000, 20_000, 40_000, 80_000]);
    expect(after(4)).toMatchObject({ state: 'failed', reason: 'bad_secret', faults: 5, attempts: 3 });
  });

  it('waits longer for a proxy, with a longest wait, and gives up by a limit of its own', () => {
    const limits = { ...LIMITS, maxProxyFaults: 9, maxFaultDelayMs: 100_000 };
    const after = (faults: number, reason: DispatcherReason): Transition | undefined =>
      transition({ state: 'sending', ...COUNTERS, faults }, { kind: 'dispatcher_failed', reason }, limits);
    expect([3, 4, 7].map((faults) => after(faults, 'proxy_failed')?.delayMs)).toEqual([
      80_000, 100_000, 100_000,
    ]);
    expect(after(8, 'proxy_failed')).toMatchObject({ state: 'failed', reason: 'proxy_failed', attempts: 3 });
    expect(after(4, 'transport_failed')).toMatchObject({ state: 'failed' });
  });
});

const anyEvent: fc.Arbitrary<DeliveryEvent> = fc.oneof(
  fc.constantFrom(...TABLE.map(([event]) => event)),
  fc.nat({ max: 1e9 }).map((delayMs): DeliveryEvent => ({
    kind: 'endpoint_failed',
    reason: 'dns',
    next: { kind: 'retry', delayMs },
  })),
);
const anyLimits = fc.record({
  maxRescues: fc.nat({ max: 6 }),
  maxFaults: fc.integer({ min: 1, max: 6 }),
  maxProxyFaults: fc.integer({ min: 1, max: 9 }),
  faultDelayMs: fc.nat({ max: 60_000 }),
});
const FIRST: DeliverySnapshot = {
  state: 'scheduled',
  attempts: 0,
  attemptsBeforeRun: 0,
  rescues: 0,
  faults: 0,
};

describe('transition, over any history', () => {
  it('never throws, never makes a counter negative, and keeps the start of a run within the attempts', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), anyLimits, (events, limits) => {
        let delivery = FIRST;
        for (const event of events) {
          const next = transition(delivery, event, limits);
          if (next === undefined) continue;
          delivery = next;
          for (const counter of ['attempts', 'attemptsBeforeRun', 'rescues', 'faults'] as const)
            expect(next[counter]).toBeGreaterThanOrEqual(0);
          expect(next.attemptsBeforeRun).toBeLessThanOrEqual(next.attempts);
          expect(next.delayMs).toBeGreaterThanOrEqual(0);
          if (next.state !== 'scheduled') expect(next.delayMs).toBe(0);
        }
      }),
    );
  });

  it('concludes a sending delivery on every event but a claim and a request from outside', () => {
    fc.assert(
      fc.property(anyEvent, anyLimits, fc.nat({ max: 9 }), (event, limits, rescues) => {
        const next = transition({ ...COUNTERS, rescues, state: 'sending' }, event, limits);
        const isOutside = ['claimed', 'retry_requested', 'discard_requested'].includes(event.kind);
        expect(next === undefined).toBe(isOutside);
        if (next !== undefined) expect(next.state).not.toBe('sending');
      }),
    );
  });

  it('charges an attempt only for what an endpoint answered', () => {
    fc.assert(
      fc.property(anyEvent, anyLimits, fc.integer({ min: 1, max: 50 }), (event, limits, attempts) => {
        const before: DeliverySnapshot = { ...COUNTERS, attempts, attemptsBeforeRun: 0, state: 'scheduled' };
        const claimed = transition(before, { kind: 'claimed' }, limits)!;
        const after = transition(claimed, event, limits);
        if (after === undefined) return;
        const isCharged = event.kind === 'succeeded' || event.kind === 'endpoint_failed';
        expect(after.attempts - attempts).toBe(isCharged ? 1 : 0);
      }),
    );
  });

  it('leaves a final state only by a requested retry', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('succeeded', 'exhausted', 'discarded', 'failed') as fc.Arbitrary<DeliveryState>,
        anyEvent,
        anyLimits,
        (state, event, limits) => {
          const next = transition({ ...COUNTERS, state }, event, limits);
          expect(next?.state).toBe(event.kind === 'retry_requested' ? 'scheduled' : undefined);
        },
      ),
    );
  });
});
