import type { Delivery } from '../../core/delivery.ts';
import { isFinalState } from '../../core/delivery.ts';
import type { LeasedDelivery, NewDelivery } from '../store.ts';
import type { DeliveryRow, LedgerRow, MessageRow } from './rows.ts';

/** The row of a delivery that stands in no queue. */
export function createDeliveryRow(
  delivery: NewDelivery,
  place: { sequence: number; now: number; message: MessageRow; ledger: LedgerRow },
): DeliveryRow {
  const final = isFinalState(delivery.state);
  return {
    sequence: place.sequence,
    removed: false,
    place: undefined,
    previous: undefined,
    next: undefined,
    id: delivery.id,
    message: place.message,
    ledger: place.ledger,
    lane: place.ledger.lane,
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
    holder: undefined,
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
    endpointId: row.ledger.endpointId,
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
    endpointId: row.ledger.endpointId,
    laneId: row.lane.id,
    message: row.message.message,
    attempts: row.attempts,
    attemptsBeforeRun: row.attemptsBeforeRun,
    rescues: row.rescues,
    faults: row.faults,
    firstAttemptAt: row.firstAttemptAt ?? row.leasedAt,
    ordered: row.orderingKey !== undefined,
    counted: row.lane.maxLeases < Infinity && !row.message.message.test,
    probe: row.lane.trips > 0 && !row.message.message.test,
  };
}
