import { type EndpointRecord, type LaneLimits, laneLimitsOf } from '../../core/endpoint.ts';
import { isHeld } from '../../core/endpoint-hold.ts';
import type { Lane } from '../store.ts';
import { RateWindow } from '../../core/rate-window.ts';
import type { LaneRow } from './rows.ts';
import { TimedQueue } from './timed-queue.ts';

/** The row of an open, empty lane without limits. */
export function createLaneRow(id: string, sequence: number): LaneRow {
  return {
    sequence,
    id,
    place: undefined,
    ledgers: 0,
    paused: false,
    held: false,
    blockedUntil: 0,
    blockedReason: undefined,
    succeeded: 0,
    failed: 0,
    lastTriggeredAt: undefined,
    consecutiveFailures: 0,
    failingSince: undefined,
    trips: 0,
    rate: undefined,
    maxLeases: Infinity,
    leases: 0,
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

/** Brings a lane in line with the record of an endpoint whose lane it is. */
export function followRecord(lane: LaneRow, record: EndpointRecord): void {
  lane.held = isHeld(record);
  limitLane(lane, laneLimitsOf(record));
}

/** Gives a lane the limits of its endpoints. What was taken stays taken. */
export function limitLane(lane: LaneRow, { rate, maxLeases }: LaneLimits): void {
  if (rate === undefined) lane.rate = undefined;
  else if (lane.rate === undefined) lane.rate = new RateWindow(rate);
  else lane.rate.configure(rate);
  lane.maxLeases = maxLeases ?? Infinity;
}

/** Nothing is leased of it until a lease ends. */
export function isFull({ leases, maxLeases }: LaneRow): boolean {
  return leases >= maxLeases;
}

/** When the next delivery of a lane can be claimed, slots aside; `Infinity` when it waits for a person, or for the end of a lease. */
export function readyAt(lane: LaneRow, now: number): number {
  if (lane.paused || lane.held || isFull(lane)) return Infinity;
  const first = lane.due.peek();
  if (first === undefined) return Infinity;
  const dueAt = Math.max(first.at, lane.blockedUntil);
  return lane.rate === undefined ? dueAt : Math.max(dueAt, lane.rate.nextAt(now));
}
