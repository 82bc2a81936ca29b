import { type EndpointRecord, rateLimitOf } from '../../core/endpoint.ts';
import { isHeld } from '../../core/endpoint-hold.ts';
import type { Lane } from '../store.ts';
import { RateWindow } from '../../core/rate-window.ts';
import type { LaneRow } from './rows.ts';
import { TimedQueue } from './timed-queue.ts';

/** The row of an empty lane that nobody has written yet. `owner`: an endpoint whose lane it is; `undefined`: not known. */
export function createLaneRow(id: string, sequence: number, owner: EndpointRecord | undefined): LaneRow {
  const rateLimit = owner && rateLimitOf(owner);
  return {
    sequence,
    id,
    place: undefined,
    ledgers: 0,
    paused: false,
    held: owner !== undefined && isHeld(owner),
    blockedUntil: 0,
    blockedReason: undefined,
    succeeded: 0,
    failed: 0,
    lastTriggeredAt: undefined,
    consecutiveFailures: 0,
    failingSince: undefined,
    trips: 0,
    rate: rateLimit === undefined ? undefined : new RateWindow(rateLimit),
    due: new TimedQueue(),
    entry: undefined,
    inRing: false,
    claimNumber: 0,
    slotsLeft: 0,
  };
}

/** A copy for callers; a block that is over is none. `undefined`: a lane that was never written. */
export function toLane(row: LaneRow | undefined, now: number): Lane {
  const blocked = row !== undefined && row.blockedUntil > now;
  return {
    paused: row?.paused ?? false,
    blockedUntil: blocked ? row.blockedUntil : undefined,
    blockedReason: blocked ? row.blockedReason : undefined,
    succeeded: row?.succeeded ?? 0,
    failed: row?.failed ?? 0,
    lastTriggeredAt: row?.lastTriggeredAt,
    consecutiveFailures: row?.consecutiveFailures ?? 0,
    failingSince: row?.failingSince,
    trips: row?.trips ?? 0,
  };
}

/** When the next delivery of a lane can be claimed, slots aside; `Infinity` when it waits for nothing but a person. */
export function readyAt(lane: LaneRow, now: number): number {
  if (lane.paused || lane.held) return Infinity;
  const first = lane.due.peek();
  if (first === undefined) return Infinity;
  const dueAt = Math.max(first.at, lane.blockedUntil);
  return lane.rate === undefined ? dueAt : Math.max(dueAt, lane.rate.nextAt(now));
}
