import type { Attempt } from '../../core/delivery.ts';
import type { StoredResponse } from '../../core/stored-response.ts';
import type { NewAttempt } from '../store.ts';
import type { DeliveryRow } from './delivery-rows.ts';
import type { OrderedRow } from './ordered-rows.ts';

/** One entry of the attempt log. */
export interface AttemptRow extends OrderedRow {
  readonly sequence: number;
  readonly delivery: DeliveryRow;
  readonly startedAt: number;
  readonly attempt: NewAttempt;
}

/** A copy for callers. */
export function toAttempt(row: AttemptRow): Attempt {
  const { delivery, attempt } = row;
  const { message } = delivery.message;
  return {
    deliveryId: delivery.id,
    messageId: message.id,
    endpointId: delivery.lane.endpointId,
    tenant: message.tenant,
    attempt: attempt.attempt,
    outcome: attempt.outcome,
    reason: attempt.reason,
    detail: attempt.detail,
    startedAt: row.startedAt,
    durationMs: attempt.durationMs,
    response: attempt.response === undefined ? undefined : copyResponse(attempt.response),
  };
}

function copyResponse(response: StoredResponse): StoredResponse {
  return { ...response, headers: { ...response.headers } };
}
