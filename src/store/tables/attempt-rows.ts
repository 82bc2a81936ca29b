import type { Attempt } from '../../core/delivery.ts';
import type { StoredResponse } from '../../core/stored-response.ts';
import type { NewAttempt } from '../store.ts';
import type { AttemptRow } from './rows.ts';

/** A copy for callers. `attempt`: that of the row, with all it said. */
export function toAttempt(row: AttemptRow, attempt: NewAttempt = row.attempt): Attempt {
  const { delivery } = row;
  const { message } = delivery.message;
  return {
    deliveryId: delivery.id,
    messageId: message.id,
    endpointId: delivery.ledger.endpointId,
    tenant: message.tenant,
    attempt: attempt.attempt,
    outcome: attempt.outcome,
    reason: attempt.reason,
    detail: attempt.detail,
    startedAt: row.startedAt,
    durationMs: attempt.durationMs,
    response: attempt.response === undefined ? undefined : copyResponse(attempt.response),
    traceparent: attempt.traceparent,
  };
}

function copyResponse(response: StoredResponse): StoredResponse {
  return { ...response, headers: { ...response.headers } };
}
