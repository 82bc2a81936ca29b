import type { Delivery, DeliveryReason, DeliveryState, DiscardReason } from '../../../core/delivery.ts';
import type { DeliverySnapshot, Transition } from '../../../core/transition.ts';
import { type NumberColumn, optionalNumber } from './number-column.ts';

/** A delivery as a driver gives it. */
export interface DeliveryRow {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly endpoint_id: string;
  readonly lane_id: string;
  readonly tenant: string;
  readonly type: string;
  readonly test: NumberColumn;
  readonly state: DeliveryState;
  readonly reason: DeliveryReason | null;
  readonly attempts: NumberColumn;
  readonly attempts_before_run: NumberColumn;
  readonly rescues: NumberColumn;
  readonly faults: NumberColumn;
  readonly due_at: NumberColumn;
  readonly ordering_key: string | null;
  readonly lease: string | null;
  readonly leased_at: NumberColumn | null;
  readonly counted: NumberColumn | null;
  readonly cancelled: DiscardReason | null;
  readonly created_at: NumberColumn;
  readonly first_attempt_at: NumberColumn | null;
  readonly finished_at: NumberColumn | null;
}

/** The columns of {@link DeliveryRow}, of the alias `d`. */
export const DELIVERY_COLUMNS =
  'd.seq, d.id, d.endpoint_id, d.lane_id, d.tenant, d.type, d.test, d.state, d.reason, d.attempts, ' +
  'd.attempts_before_run, d.rescues, d.faults, d.due_at, d.ordering_key, d.lease, d.leased_at, d.counted, d.cancelled, d.created_at, ' +
  'd.first_attempt_at, d.finished_at';

type SnapshotColumn = 'state' | 'attempts' | 'attempts_before_run' | 'rescues' | 'faults';

/** What the state machine needs to know of a delivery. */
export function toSnapshot(row: Pick<DeliveryRow, SnapshotColumn>): DeliverySnapshot {
  return {
    state: row.state,
    attempts: Number(row.attempts),
    attemptsBeforeRun: Number(row.attempts_before_run),
    rescues: Number(row.rescues),
    faults: Number(row.faults),
  };
}

/** The delivery as callers see it. */
export function toDelivery(row: DeliveryRow & { readonly message_id: string }): Delivery {
  return {
    id: row.id,
    messageId: row.message_id,
    endpointId: row.endpoint_id,
    tenant: row.tenant,
    type: row.type,
    ...toSnapshot(row),
    reason: row.reason ?? undefined,
    dueAt: Number(row.due_at),
    createdAt: Number(row.created_at),
    firstAttemptAt: optionalNumber(row.first_attempt_at),
    finishedAt: optionalNumber(row.finished_at),
    test: Number(row.test) === 1,
  };
}

/** The delivery as callers see it, after a transition that began at `now`. */
export function toMovedDelivery(
  row: DeliveryRow & { readonly message_id: string },
  { delayMs, ...next }: Transition,
  now: number,
): Delivery {
  const isFinal = next.state !== 'scheduled' && next.state !== 'sending';
  const before = toDelivery(row);
  return {
    ...before,
    ...next,
    dueAt: next.state === 'scheduled' ? now + delayMs : before.dueAt,
    finishedAt: isFinal ? now : undefined,
  };
}
