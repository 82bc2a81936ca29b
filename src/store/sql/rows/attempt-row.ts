import type { Attempt } from '../../../core/delivery.ts';
import type { AttemptOutcome, OutcomeReason } from '../../../core/outcome.ts';
import { fromAttemptColumns } from '../../codec/attempt-codec.ts';
import type { NumberColumn } from './number-column.ts';

/** An attempt, with whose it is, as a driver gives it. */
export interface AttemptRow {
  readonly seq: NumberColumn;
  readonly delivery_id: string;
  readonly message_id: string;
  readonly endpoint_id: string;
  readonly tenant: string;
  readonly attempt: NumberColumn;
  readonly outcome: AttemptOutcome;
  readonly reason: OutcomeReason | null;
  readonly started_at: NumberColumn;
  readonly duration_ms: NumberColumn;
  readonly extra: string | null;
}

/** The attempt that was logged. @throws StoreError of code `record_invalid` */
export function toAttempt(row: AttemptRow): Attempt {
  return fromAttemptColumns(
    {
      attempt: Number(row.attempt),
      outcome: row.outcome,
      reason: row.reason,
      startedAt: row.started_at,
      durationMs: row.duration_ms,
      extra: row.extra,
    },
    {
      deliveryId: row.delivery_id,
      messageId: row.message_id,
      endpointId: row.endpoint_id,
      tenant: row.tenant,
    },
  );
}
