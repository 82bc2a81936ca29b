import { describe, expect, it } from 'vitest';
import type { LocalLane } from '../../src/engine/local-lane.ts';
import { LocalLanes } from '../../src/engine/local-lanes.ts';
import type { LeasedDelivery } from '../../src/store/store.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';

const LIMIT = 1_000;

function setup({ maxConcurrency = 8, concurrency = 4 } = {}) {
  const clock = createManualClock();
  const started: { readonly delivery: LeasedDelivery; readonly lane: LocalLane }[] = [];
  let unwritten = 0;
  let number = 0;
  const lanes: LocalLanes = new LocalLanes({
    clock,
    maxConcurrency,
    unwritten: () => unwritten,
    concurrencyOf: () => concurrency,
    start: (delivery, lane) => started.push({ delivery, lane }),
    onRoom: () => undefined,
  });
  return {
    clock,
    lanes,
    started,
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
    expect(lanes.isLow('ep')).toBe(false);
    finishAll();
    expect(lanes.isLow('ep')).toBe(true);
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
