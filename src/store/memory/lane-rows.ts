import type { RateLimit } from '../../core/endpoint.ts';
import type { BlockReason, Lane } from '../store.ts';
import type { DeliveryRow } from './delivery-rows.ts';
import type { KeyQueue } from './ordering.ts';
import { OrderedRows } from './ordered-rows.ts';
import { RateWindow } from './rate-window.ts';
import type { TimedItem } from './timed-queue.ts';
import { TimedQueue } from './timed-queue.ts';

/** One lane in memory; changed in place. */
export interface LaneRow extends TimedItem<LaneRow> {
  readonly endpointId: string;
  paused: boolean;
  /** Nothing is claimed before; 0 when not blocked. */
  blockedUntil: number;
  blockedReason: BlockReason | undefined;
  succeeded: number;
  failed: number;
  lastTriggeredAt: number | undefined;
  /** `undefined`: no limit. */
  rate: RateWindow | undefined;
  /** Deliveries that may be claimed when due; of an ordering key only the first unfinished one. */
  readonly due: TimedQueue<DeliveryRow>;
  readonly keys: Map<string, KeyQueue>;
  /** Sequence of the message that got a delivery here last: a message has at most one per lane. */
  lastMessage: number;
  /** All deliveries of the endpoint, finished ones included. */
  readonly deliveries: OrderedRows<DeliveryRow>;
  /** It waits for its turn; otherwise `entry` says until when it sleeps, if there is anything to wait for. */
  inRing: boolean;
  /** The claim that `slotsLeft` belongs to. */
  claimNumber: number;
  slotsLeft: number;
}

export function createLaneRow(
  endpointId: string,
  sequence: number,
  rateLimit: RateLimit | undefined,
): LaneRow {
  return {
    sequence,
    endpointId,
    paused: false,
    blockedUntil: 0,
    blockedReason: undefined,
    succeeded: 0,
    failed: 0,
    lastTriggeredAt: undefined,
    rate: rateLimit === undefined ? undefined : new RateWindow(rateLimit),
    due: new TimedQueue(),
    keys: new Map(),
    lastMessage: -1,
    deliveries: new OrderedRows(),
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
  };
}

/** When the next delivery of a lane can be claimed, slots aside; `Infinity` when it waits for nothing but a person. */
export function readyAt(lane: LaneRow, now: number): number {
  if (lane.paused) return Infinity;
  const first = lane.due.peek();
  if (first === undefined) return Infinity;
  const dueAt = Math.max(first.at, lane.blockedUntil);
  return lane.rate === undefined ? dueAt : Math.max(dueAt, lane.rate.nextAt(now));
}
