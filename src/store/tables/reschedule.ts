import { decodeCursor, encodeCursor } from '../../core/cursor.ts';
import type { DeliveryEvent } from '../../core/transition.ts';
import { transition } from '../../core/transition.ts';
import { OptionsError } from '../../errors.ts';
import type { RescheduleParams, RescheduleResult } from '../store.ts';
import { applyTransition, NO_LIMITS } from './changes.ts';
import { toDelivery } from './delivery-rows.ts';
import { deliverySource, only } from './listing.ts';
import type { OrderedRows } from './ordered-rows.ts';
import type { DeliveryRow } from './rows.ts';
import type { Tables } from './tables.ts';
import { matchesDelivery } from './where.ts';

/** Moves a batch of deliveries, oldest first. */
export function reschedule(tables: Tables, params: RescheduleParams): RescheduleResult {
  const now = tables.now();
  const event = eventOf(params);
  const chosen: DeliveryRow[] = [];
  let nextCursor: string | undefined;
  candidates(tables, params).scanUp(decodeCursor('r', params.cursor) ?? 0, (row) => {
    if (!matchesDelivery(params.where, row) || !isMoved(row, event)) return true;
    if (chosen.length >= params.limit) {
      nextCursor = encodeCursor('r', chosen.at(-1)?.sequence ?? 0);
      return false;
    }
    chosen.push(row);
    return true;
  });
  for (const row of chosen) move(tables, row, event, now);
  return { count: chosen.length, deliveries: chosen.map(toDelivery), nextCursor };
}

function eventOf(params: RescheduleParams): DeliveryEvent {
  if (params.to === 'scheduled') return { kind: 'retry_requested' };
  if (params.reason === undefined) {
    throw new OptionsError('reason', "reason: expected a discard reason with to: 'discarded', got undefined");
  }
  return { kind: 'discard_requested', reason: params.reason };
}

function candidates(tables: Tables, { where }: RescheduleParams): OrderedRows<DeliveryRow> {
  if (where.deliveryIds === undefined) return deliverySource(tables, where);
  const rows = [...new Set(where.deliveryIds)]
    .map((id) => tables.deliveries.get(id))
    .filter((row) => row !== undefined);
  return only(rows.sort((a, b) => a.sequence - b.sequence));
}

function isMoved(row: DeliveryRow, event: DeliveryEvent): boolean {
  return isCancelledWhileSending(row, event) || transition(row, event, NO_LIMITS) !== undefined;
}

function move(tables: Tables, row: DeliveryRow, event: DeliveryEvent, now: number): void {
  const next = transition(row, event, NO_LIMITS);
  if (next !== undefined) applyTransition(tables, row, next, now);
  else if (event.kind === 'discard_requested') {
    row.cancelled ??= event.reason;
    tables.changes.noteDelivery(row);
  }
}

/** The state machine leaves an attempt that runs alone; the row remembers the wish until its outcome is written. */
function isCancelledWhileSending(row: DeliveryRow, event: DeliveryEvent): boolean {
  return event.kind === 'discard_requested' && row.state === 'sending';
}
