import { isFinalState } from '../../../core/delivery.ts';
import { type Transition, transition } from '../../../core/transition.ts';
import type { Database, TemplateText } from '../database.ts';
import type { DeliveryRow } from '../rows/delivery-row.ts';
import type { Script } from '../script.ts';
import { type OrderingKey, refreshKeys } from './keys.ts';
import type { LaneChanges } from './lane-changes.ts';

/** What of a delivery is needed to move it. */
export type MovedRow = Pick<
  DeliveryRow,
  'seq' | 'endpoint_id' | 'lane_id' | 'test' | 'ordering_key' | 'lease' | 'counted' | 'cancelled'
>;

/** A delivery, read while it was locked, by its lane or itself, and what it becomes. */
export interface Move {
  readonly row: MovedRow;
  readonly next: Transition;
  /** The attempt that is given back was the first: as if it had never begun. */
  readonly isUnbegun?: boolean;
}

const NO_LIMITS = { maxRescues: Infinity, maxFaults: Infinity, faultDelayMs: 0 };

const writeMoves: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.deliveries,
    rows: dialect.each('moved', {
      seq: 'int',
      state: 'text',
      reason: 'text',
      attempts: 'int',
      attempts_before_run: 'int',
      rescues: 'int',
      faults: 'int',
      due_at: 'int',
      finished_at: 'int',
      is_unbegun: 'int',
    }),
    on: dialect.is('t.seq', 'moved.seq'),
    changes: {
      state: 'moved.state',
      reason: 'moved.reason',
      attempts: 'moved.attempts',
      attempts_before_run: 'moved.attempts_before_run',
      rescues: 'moved.rescues',
      faults: 'moved.faults',
      due_at: 'coalesce(moved.due_at, t.due_at)',
      // That of an ordering key becomes ready by its turn.
      ready_at: 'case when t.ordering_key is null then moved.due_at end',
      first_attempt_at: 'case when moved.is_unbegun = 1 then null else t.first_attempt_at end',
      finished_at: 'moved.finished_at',
      open_key: 'case when moved.finished_at is null then t.ordering_key end',
      active_key: 'null',
      lease: 'null',
      lease_until: 'null',
      leased_at: 'null',
      owner: 'null',
      cancelled: 'null',
    },
  });

/** A delivery that was cancelled while it was leased is discarded instead of scheduled again. */
export function afterCancel(row: MovedRow, next: Transition): Transition {
  if (row.cancelled === null || next.state !== 'scheduled') return next;
  return transition(next, { kind: 'discard_requested', reason: row.cancelled }, NO_LIMITS) ?? next;
}

/**
 * Writes what deliveries become, each `scheduled` or final, and lets others of their ordering keys go on. They are locked, and so are the lanes in which something becomes ready, or which may be full; what it
 * means for these is in `lanes` afterwards, to be written by `writeLaneChanges`.
 */
export function* writeTransitions(
  db: Database,
  now: number,
  moves: readonly Move[],
  lanes: LaneChanges,
): Script<void> {
  if (moves.length === 0) return;
  const keys: OrderingKey[] = [];
  const moved = moves.map(({ row, next, isUnbegun = false }) => {
    const dueAt = next.state === 'scheduled' ? now + next.delayMs : null;
    if (row.lease !== null && Number(row.counted) === 1) lanes.free(row.lane_id, now);
    if (Number(row.test) === 0) lanes.count(row.lane_id, next.state);
    if (row.ordering_key !== null) keys.push({ endpointId: row.endpoint_id, key: row.ordering_key });
    else if (dueAt !== null) lanes.wake(row.lane_id, dueAt);
    const { state, reason = null, attempts, attemptsBeforeRun, rescues, faults } = next;
    const finishedAt = isFinalState(state) ? now : null;
    return [
      Number(row.seq),
      state,
      reason,
      attempts,
      attemptsBeforeRun,
      rescues,
      faults,
      dueAt,
      finishedAt,
      isUnbegun ? 1 : 0,
    ] as const;
  });
  yield* db.run(writeMoves, { moved });
  yield* refreshKeys(db, keys, lanes);
}
