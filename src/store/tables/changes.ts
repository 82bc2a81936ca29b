/** Every change of a delivery in memory, with all that hangs on its state. */
import type { DeliveryState } from '../../core/delivery.ts';
import { isFinalState } from '../../core/delivery.ts';
import type { DeliveryEvent, Transition, TransitionLimits } from '../../core/transition.ts';
import { transition } from '../../core/transition.ts';
import type { LeasedDelivery, NewAttempt } from '../store.ts';
import { toLeasedDelivery } from './delivery-rows.ts';
import { isFull } from './lane-rows.ts';
import { updateOrder } from './ordering.ts';
import type { AttemptRow, DeliveryRow, LaneRow, MessageRow } from './rows.ts';
import type { Tables } from './tables.ts';

/** Faults never reach the state machine through the store, and rescues bring their own limit. */
export const NO_LIMITS: TransitionLimits = { maxRescues: Infinity, maxFaults: Infinity, faultDelayMs: 0 };
const CLAIMED: DeliveryEvent = { kind: 'claimed' };

/** Feeds an event to the state machine. False when it means nothing in the state of the delivery. */
export function applyEvent(
  tables: Tables,
  row: DeliveryRow,
  event: DeliveryEvent,
  now: number,
  limits: TransitionLimits = NO_LIMITS,
): boolean {
  const next = transition(row, event, limits);
  if (next !== undefined) applyTransition(tables, row, next, now);
  return next !== undefined;
}

/** Writes a transition. One that would schedule a cancelled delivery discards it. */
export function applyTransition(tables: Tables, row: DeliveryRow, intended: Transition, now: number): void {
  const next = afterCancel(row, intended);
  if (row.state === 'sending') endLease(tables, row, now);
  if (row.message.finishedAt !== undefined) tables.finished.remove(row.message);
  countState(row.message, row.state, -1);
  countState(row.message, next.state, 1);
  row.state = next.state;
  row.reason = next.reason;
  row.attempts = next.attempts;
  row.attemptsBeforeRun = next.attemptsBeforeRun;
  row.rescues = next.rescues;
  row.faults = next.faults;
  if (next.state === 'scheduled') row.dueAt = now + next.delayMs;
  row.finishedAt = isFinalState(next.state) ? now : undefined;
  tables.changes.noteDelivery(row);
  // Tests say nothing about how deliveries go.
  if (!row.message.message.test) countEnd(tables, row);
  requeue(tables, row, now);
  noteIfFinished(tables, row.message, now);
}

/** Leases a scheduled delivery. */
export function leaseDelivery(
  tables: Tables,
  row: DeliveryRow,
  terms: { readonly lease: string; readonly leaseMs: number; readonly owner: string },
  now: number,
): LeasedDelivery {
  const { lease, leaseMs, owner } = terms;
  applyEvent(tables, row, CLAIMED, now);
  row.lease = lease;
  row.leasedAt = now;
  row.leaseUntil = now + leaseMs;
  row.holder = owner;
  row.firstAttemptAt ??= now;
  holdLease(tables, row);
  if (!row.message.message.test && row.lane.rate !== undefined) {
    row.lane.rate.take(now);
    tables.changes.noteLane(row.lane);
  }
  return toLeasedDelivery(row, lease);
}

/** Counts the lease that is written in the row. Those of tests hold up nothing. */
export function holdLease(tables: Tables, row: DeliveryRow): void {
  tables.leases.add(row);
  if (!row.message.message.test) row.lane.leases += 1;
}

/**
 * Puts a delivery where its state belongs: into the queue of its lane, of its ordering key, or nowhere. Tells watchers
 * when something can be claimed earlier than they know.
 */
export function requeue(tables: Tables, row: DeliveryRow, now: number): void {
  const { lane } = row;
  lane.due.drop(row);
  if (row.orderingKey === undefined) {
    if (row.state !== 'scheduled') return;
    lane.due.add(row, row.dueAt);
  } else if (!updateOrder(row, row.orderingKey)) {
    return;
  }
  tables.lanes.place(lane, now);
  tables.watchers.noteWork();
}

/** Counts a delivery in, or out of, the state of its message. */
export function countState(message: MessageRow, state: DeliveryState, by: 1 | -1): void {
  if (!isFinalState(state)) message.unfinished += by;
  else if (state !== 'succeeded') message.unsuccessful += by;
}

/** Hands a message to retention once nothing of it is open. */
export function noteIfFinished(tables: Tables, message: MessageRow, now: number): void {
  if (message.fannedOut && message.unfinished === 0) tables.finished.add(message, now);
}

/** Adds to the attempt log. */
export function logAttempt(tables: Tables, row: DeliveryRow, attempt: NewAttempt, startedAt: number): void {
  const entry: AttemptRow = {
    sequence: tables.nextSequence(),
    removed: false,
    place: undefined,
    delivery: row,
    startedAt,
    attempt,
  };
  tables.attemptOrder.push(entry);
  tables.changes.noteAttempt(entry);
  if (row.attemptLog === undefined) row.attemptLog = [entry];
  else row.attemptLog.push(entry);
}

function countEnd(tables: Tables, { state, lane }: DeliveryRow): void {
  if (state === 'succeeded') lane.succeeded += 1;
  else if (state === 'exhausted' || state === 'failed') lane.failed += 1;
  else return;
  tables.changes.noteLane(lane);
}

/** Others may have waited for the end of a lease. */
function openFullLane(tables: Tables, lane: LaneRow, now: number): void {
  tables.lanes.place(lane, now);
  if (lane.due.peek() !== undefined) tables.watchers.noteWork();
}

function afterCancel(row: DeliveryRow, next: Transition): Transition {
  if (row.cancelled === undefined || next.state !== 'scheduled') return next;
  return transition(next, { kind: 'discard_requested', reason: row.cancelled }, NO_LIMITS) ?? next;
}

function endLease(tables: Tables, row: DeliveryRow, now: number): void {
  const { lane } = row;
  tables.leases.remove(row);
  if (!row.message.message.test) {
    const wasFull = isFull(lane);
    lane.leases -= 1;
    if (wasFull) openFullLane(tables, lane, now);
  }
  row.lease = undefined;
  row.holder = undefined;
  row.cancelled = undefined;
}
