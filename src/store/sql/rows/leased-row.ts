import type { TraceContext } from '../../../core/trace-context.ts';
import { transition } from '../../../core/transition.ts';
import { fromMessageColumns } from '../../codec/message-codec.ts';
import type { LeasedDelivery } from '../../store.ts';
import { type DeliveryRow, toSnapshot } from './delivery-row.ts';
import { isCounted, type LaneGate } from './lane-row.ts';
import { type NumberColumn, optionalNumber } from './number-column.ts';

/** A delivery that is ready, with its message, as a driver gives them. */
export interface ReadyRow extends Pick<
  DeliveryRow,
  | 'seq'
  | 'id'
  | 'endpoint_id'
  | 'lane_id'
  | 'tenant'
  | 'type'
  | 'test'
  | 'state'
  | 'attempts'
  | 'attempts_before_run'
  | 'rescues'
  | 'faults'
  | 'ordering_key'
  | 'first_attempt_at'
> {
  readonly message_id: string;
  readonly data: string;
  readonly happened_at: NumberColumn;
  readonly idempotency_key: string | null;
  readonly message_ordering_key: string | null;
  readonly addressed: NumberColumn;
  readonly extra: string | null;
}

/** The columns of {@link ReadyRow}, of the aliases `d` and `m`. */
export const READY_COLUMNS =
  'd.seq, d.id, d.endpoint_id, d.lane_id, d.tenant, d.type, d.test, d.state, d.attempts, d.attempts_before_run, d.rescues, d.faults, ' +
  'd.ordering_key, d.first_attempt_at, m.id as message_id, m.data, m.happened_at, m.idempotency_key, ' +
  'm.ordering_key as message_ordering_key, m.addressed, m.extra';

const NO_LIMITS = { maxRescues: Infinity, maxFaults: Infinity, faultDelayMs: 0 };

/**
 * What the holder of a fresh lease gets, from the row as it was before.
 *
 * @throws StoreError of code `record_invalid`
 */
export function toLeasedDelivery(
  row: ReadyRow,
  lease: string,
  now: number,
  gate: Pick<LaneGate, 'isOnProbation' | 'freeLeases'>,
): LeasedDelivery {
  const isTest = Number(row.test) === 1;
  const before = toSnapshot(row);
  const { attempts, attemptsBeforeRun, rescues, faults } =
    transition(before, { kind: 'claimed' }, NO_LIMITS) ?? before;
  return {
    id: row.id,
    lease,
    endpointId: row.endpoint_id,
    laneId: row.lane_id,
    message: fromMessageColumns({
      id: row.message_id,
      tenant: row.tenant,
      type: row.type,
      dataJson: row.data,
      timestamp: row.happened_at,
      idempotencyKey: row.idempotency_key,
      orderingKey: row.message_ordering_key,
      addressed: Number(row.addressed),
      test: Number(row.test),
      extra: row.extra,
    }),
    attempts,
    attemptsBeforeRun,
    rescues,
    faults,
    firstAttemptAt: optionalNumber(row.first_attempt_at) ?? now,
    ordered: row.ordering_key !== null,
    counted: isCounted(gate, isTest),
    probe: gate.isOnProbation && !isTest,
  };
}

/** The `traceparent` of a message, from its stored `extra`; `undefined` too when that cannot be read: what only informs must not be in the way. */
export function toTraceparent(extra: string | null): string | undefined {
  if (extra === null) return undefined;
  try {
    return (JSON.parse(extra) as { trace?: TraceContext }).trace?.traceparent;
  } catch {
    return undefined;
  }
}
