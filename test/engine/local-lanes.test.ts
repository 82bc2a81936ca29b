import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../src/core/endpoint.ts';
import type { LocalLane } from '../../src/engine/local-lane.ts';
import { LocalLanes } from '../../src/engine/local-lanes.ts';
import type { LeasedDelivery } from '../../src/store/store.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';

const LIMIT = 1_000;

function setup({
  maxConcurrency = 8,
  concurrency = 4,
  isLimited = false,
  maxRate = undefined as RateLimit | undefined,
} = {}) {
  const clock = createManualClock();
  const surplus: LeasedDelivery[] = [];
  const started: { readonly delivery: LeasedDelivery; readonly lane: LocalLane }[] = [];
  let unwritten = 0;
  let number = 0;
  const lanes: LocalLanes = new LocalLanes({
    clock,
    maxConcurrency,
    maxRate,
    unwritten: () => unwritten,
    holdsLeases: () => true,
    settingsOf: () => ({ concurrency, isLimited }),
    start: (delivery, lane) => started.push({ delivery, lane }),
    onRoom: () => undefined,
    onSurplus: (deliveries) => surplus.push(...deliveries),
  });
  return {
    clock,
    lanes,
    started,
    surplus,
    hold(laneId: string, count: number): void {
      for (let index = 0; index < count; index += 1) {
        number += 1;
        lanes.enqueue({ id: `dlv_${number}`, laneId, endpointId: laneId } as LeasedDelivery);
      }
      lanes.pump();
    },
    /** All that is in flight ends, and is written. */
    finishAll(): void {
      for (const { delivery, lane } of started.splice(0)) {
        lanes.finish(lane);
        lanes.onWritten(delivery);
      }
    },
    endUnwritten(): void {
      for (const { lane } of started.splice(0)) {
        unwritten += 1;
        lanes.finish(lane);
      }
    },
    slotsOf: (laneId: string): number | undefined => lanes.freeSlots(LIMIT).get(laneId),
  };
}

describe('LocalLanes', () => {
  it('takes one delivery ahead for each slot of an endpoint that does not answer, however long it hangs', async () => {
    const { clock, lanes, hold, slotsOf, started } = setup();
    hold('ep', 4);
    expect(started).toHaveLength(4);
    expect(slotsOf('ep')).toBe(4);
    hold('ep', 4);
    await clock.advance(10_000);
    expect([slotsOf('ep'), lanes.room]).toEqual([0, 8]);
  });

  it('takes ahead what an endpoint gets done in a fifth of a second, and less again when it slows down', async () => {
    const { clock, hold, finishAll, slotsOf, started } = setup({ maxConcurrency: 100, concurrency: 4 });
    hold('ep', 40);
    while (started.length > 0) finishAll();
    hold('ep', 4);
    expect(slotsOf('ep')).toBe(80);
    await clock.advance(100);
    expect(slotsOf('ep')).toBe(80);
    await clock.advance(100);
    expect(slotsOf('ep')).toBe(4);
  });

  it('takes nothing ahead under a rate limit: what took a token is sent', () => {
    const { lanes, hold, finishAll, slotsOf, started } = setup({ isLimited: true, maxConcurrency: 100 });
    hold('ep', 40);
    while (started.length > 0) finishAll();
    expect(slotsOf('ep')).toBe(4);
    hold('ep', 4);
    expect([slotsOf('ep'), lanes.wants('ep')]).toEqual([0, false]);
  });

  it('takes at most a thousand ahead', () => {
    const { hold, finishAll, slotsOf, started } = setup({ maxConcurrency: 100, concurrency: 50 });
    hold('ep', 2_000);
    while (started.length > 0) finishAll();
    hold('ep', 50);
    expect(slotsOf('ep')).toBe(LIMIT);
  });

  it('takes no more ahead while outcomes cannot be written', () => {
    const { lanes, hold, endUnwritten } = setup({ maxConcurrency: 4, concurrency: 4 });
    hold('ep', 4);
    // A quarter of the slots is for others.
    while (lanes.inFlight > 0) endUnwritten();
    expect(lanes.room).toBe(8);
    hold('ep', 8);
    while (lanes.inFlight > 0) endUnwritten();
    expect(lanes.room).toBe(0);
  });

  it('is low when half of what it takes ahead is gone, so that a claim is worth its trip', () => {
    const { lanes, hold, finishAll, started } = setup({ maxConcurrency: 100, concurrency: 4 });
    hold('ep', 40);
    while (started.length > 0) finishAll();
    hold('ep', 4 + 40);
    expect(lanes.wants('ep')).toBe(false);
    finishAll();
    expect(lanes.wants('ep')).toBe(true);
  });

  it('hands back what waits for an endpoint that was fast and hangs, and has room for others all the time', async () => {
    const { clock, lanes, hold, finishAll, surplus, started, slotsOf } = setup({
      maxConcurrency: 100,
      concurrency: 10,
    });
    hold('fast', 200);
    while (started.length > 0) finishAll();
    hold('fast', 10 + 400);
    await clock.advance(250);
    expect(lanes.room).toBe(90);
    expect(lanes.reserve({ laneId: 'other', endpointId: 'other' })).toBe(true);
    await clock.advance(500);
    expect(surplus).toHaveLength(390);
    // Those that came last.
    expect(surplus.at(-1)?.id).toBe('dlv_610');
    expect([lanes.queued, slotsOf('fast')]).toEqual([10, 0]);
  });

  it('has room for an endpoint that holds nothing, known or not, when others leave little', () => {
    const { lanes, hold, finishAll, slotsOf } = setup({ maxConcurrency: 8, concurrency: 6 });
    hold('known', 2);
    finishAll();
    hold('hangs', 12);
    expect([lanes.wants('known'), lanes.wants('unknown'), lanes.wants('hangs')]).toEqual([true, true, false]);
    expect([slotsOf('known'), slotsOf('unknown'), slotsOf('hangs')]).toEqual([undefined, undefined, 0]);
    expect(lanes.reserve({ laneId: 'known', endpointId: 'known' })).toBe(true);
  });

  it('keeps a quarter of its slots free of endpoints that were in trouble at their last attempt', () => {
    const { lanes, hold, slotsOf, started } = setup({ maxConcurrency: 8, concurrency: 1 });
    for (let n = 0; n < 8; n += 1) hold(`hangs ${n}`, 1);
    expect(started).toHaveLength(8);
    for (const { lane } of started.splice(0)) lanes.finish(lane, true);
    for (let n = 0; n < 8; n += 1) hold(`hangs ${n}`, 1);
    expect(started).toHaveLength(6);
    // What else is for them waits in the store.
    expect([slotsOf('hangs 7'), lanes.wants('hangs 7')]).toEqual([0, false]);
    expect(lanes.reserve({ laneId: 'hangs 7', endpointId: 'hangs 7' })).toBe(false);
    hold('healthy', 1);
    expect(started.at(-1)?.delivery.laneId).toBe('healthy');
    lanes.finish(started.shift()!.lane, false);
    lanes.finish(started.shift()!.lane, false);
    expect(started.map(({ delivery }) => delivery.laneId)).toContain('hangs 6');
  });

  it('takes an endpoint that answers again for a healthy one', () => {
    const { lanes, hold, started } = setup({ maxConcurrency: 4, concurrency: 1 });
    hold('back', 1);
    lanes.finish(started.shift()!.lane, true);
    hold('back', 1);
    lanes.finish(started.shift()!.lane, false);
    for (let n = 0; n < 3; n += 1) hold(`hangs ${n}`, 1);
    hold('back', 1);
    expect(started).toHaveLength(4);
  });

  it('keeps a lane that was busy a moment ago, and forgets it after that', async () => {
    const { clock, lanes, hold, finishAll } = setup();
    hold('ep', 4);
    finishAll();
    expect(lanes.freeSlots(LIMIT).has('ep')).toBe(true);
    await clock.advance(1_000);
    expect(lanes.freeSlots(LIMIT).has('ep')).toBe(false);
  });
});

describe('maxRate', () => {
  it('begins no more than its limit within any interval, over all lanes, and goes on by itself', async () => {
    const { clock, finishAll, hold, lanes, started } = setup({
      maxConcurrency: 100,
      concurrency: 100,
      maxRate: { limit: 5, intervalMs: 1_000 },
    });
    hold('a', 8);
    hold('b', 4);
    expect(started).toHaveLength(5);
    expect(new Set(started.map(({ delivery }) => delivery.laneId))).toContain('a');
    finishAll();
    expect(started).toHaveLength(0);
    await clock.advance(999);
    expect(started).toHaveLength(0);
    await clock.advance(1);
    expect(started).toHaveLength(5);
    expect(new Set(started.map(({ delivery }) => delivery.laneId))).toEqual(new Set(['a', 'b']));
    await clock.advance(1_000);
    expect(started).toHaveLength(10 - 3);
    lanes.stop();
  });

  it('begins nothing after a stop', async () => {
    const { clock, hold, lanes, started } = setup({ maxRate: { limit: 1, intervalMs: 1_000 } });
    hold('a', 2);
    lanes.stop();
    await clock.advance(5_000);
    expect(started).toHaveLength(1);
  });
});
