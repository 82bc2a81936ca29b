import { isFinalState } from '../../core/delivery.ts';
import type { Delivery, DeliveryReason, DeliveryState, DiscardReason } from '../../core/delivery.ts';
import type { LeasedDelivery, NewDelivery } from '../store.ts';
import type { AttemptRow } from './attempt-rows.ts';
import type { LaneRow } from './lane-rows.ts';
import type { LinkedRow } from './linked-rows.ts';
import type { MessageRow } from './message-rows.ts';
import type { OrderedRow } from './ordered-rows.ts';
import type { TimedItem } from './timed-queue.ts';

/** One delivery in memory; changed in place. */
export interface DeliveryRow extends OrderedRow, LinkedRow<DeliveryRow>, TimedItem<DeliveryRow> {
  readonly sequence: number;
  readonly id: string;
  readonly message: MessageRow;
  readonly lane: LaneRow;
  /** `undefined` for test messages too: they neither wait for others nor hold others up. */
  readonly orderingKey: string | undefined;
  readonly createdAt: number;
  state: DeliveryState;
  reason: DeliveryReason | undefined;
  attempts: number;
  attemptsBeforeRun: number;
  rescues: number;
  faults: number;
  dueAt: number;
  firstAttemptAt: number | undefined;
  finishedAt: number | undefined;
  /** Set while `sending`; the row is then in the list of leases. */
  lease: string | undefined;
  leasedAt: number;
  leaseUntil: number;
  /** Why it is to be discarded instead of scheduled again: it was cancelled while `sending`. */
  cancelled: DiscardReason | undefined;
  /** It stands in the queue of its ordering key. */
  inKeyQueue: boolean;
  /** Oldest first; `undefined` before the first. */
  attemptLog: AttemptRow[] | undefined;
}

export function createDeliveryRow(
  delivery: NewDelivery,
  place: { sequence: number; now: number; message: MessageRow; lane: LaneRow },
): DeliveryRow {
  const final = isFinalState(delivery.state);
  return {
    sequence: place.sequence,
    removed: false,
    previous: undefined,
    next: undefined,
    id: delivery.id,
    message: place.message,
    lane: place.lane,
    orderingKey: place.message.message.test ? undefined : delivery.orderingKey,
    createdAt: place.now,
    state: delivery.state,
    reason: delivery.reason,
    attempts: 0,
    attemptsBeforeRun: 0,
    rescues: 0,
    faults: 0,
    dueAt: place.now,
    firstAttemptAt: undefined,
    finishedAt: final ? place.now : undefined,
    lease: undefined,
    leasedAt: 0,
    leaseUntil: 0,
    cancelled: undefined,
    entry: undefined,
    inKeyQueue: false,
    attemptLog: undefined,
  };
}

/** A copy for callers. */
export function toDelivery(row: DeliveryRow): Delivery {
  const { message } = row.message;
  return {
    id: row.id,
    messageId: message.id,
    endpointId: row.lane.endpointId,
    tenant: message.tenant,
    type: message.type,
    state: row.state,
    reason: row.reason,
    attempts: row.attempts,
    attemptsBeforeRun: row.attemptsBeforeRun,
    rescues: row.rescues,
    faults: row.faults,
    dueAt: row.dueAt,
    createdAt: row.createdAt,
    firstAttemptAt: row.firstAttemptAt,
    finishedAt: row.finishedAt,
    test: message.test,
  };
}

/** What the holder of a fresh lease gets; the message is shared, the rest is a copy. */
export function toLeasedDelivery(row: DeliveryRow, lease: string): LeasedDelivery {
  return {
    id: row.id,
    lease,
    endpointId: row.lane.endpointId,
    message: row.message.message,
    attempts: row.attempts,
    attemptsBeforeRun: row.attemptsBeforeRun,
    rescues: row.rescues,
    faults: row.faults,
    firstAttemptAt: row.firstAttemptAt ?? row.leasedAt,
  };
}
