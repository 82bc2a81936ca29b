import type { Transition } from '../../../core/transition.ts';
import type { NewAttempt, Settlement, SettleParams, SettleResult } from '../../store.ts';
import type { Database } from '../database.ts';
import type { Operation } from '../operation.ts';
import type { Script } from '../script.ts';
import { type LoggedAttempt, logAttempts } from './attempts.ts';
import { heldColumns, lockHeld } from './held-deliveries.ts';
import { LaneChanges } from './lane-changes.ts';
import { fitsOneStatement, settleAtOnce } from './settle-at-once.ts';
import { afterCancel, type Move, writeTransitions } from './transitions.ts';
import { writeLaneChanges } from './write-lane-changes.ts';

const SETTLED = heldColumns([
  'endpoint_id',
  'lane_id',
  'tenant',
  'test',
  'ordering_key',
  'counted',
  'cancelled',
]);

/** Writes outcomes. */
export const settle: Operation<SettleParams, readonly SettleResult[]> = {
  isTransaction: true,
  *script(db, { settlements }) {
    return yield* fitsOneStatement(db, settlements)
      ? settleAtOnce(db, settlements)
      : settleStepwise(db, settlements);
  },
};

function* settleStepwise(db: Database, settlements: readonly Settlement[]): Script<readonly SettleResult[]> {
  const held = yield* lockHeld(db, SETTLED, settlements, settlements.filter(isAgain));
  const now = yield* db.now();
  const lanes = new LaneChanges();
  const moves: Move[] = [];
  const logged: LoggedAttempt[] = [];
  const results = settlements.map((settlement): SettleResult => {
    const row = held.take(settlement);
    if (row === undefined) return { kind: 'lost' };
    if (settlement.attempt !== undefined) logged.push(toLogged(row, settlement.attempt, now, lanes));
    const next = afterCancel(row, settlement.transition);
    moves.push({ row, next });
    return toResult(next);
  });
  yield* writeTransitions(db, now, moves, lanes);
  yield* logAttempts(db, logged);
  yield* writeLaneChanges(db, lanes);
  return results;
}

function isAgain({ transition: { state } }: Settlement): boolean {
  return state === 'scheduled';
}

/** What became of a delivery. */
export function toResult({ state, reason }: Transition): SettleResult {
  return { kind: 'settled', state, reason };
}

function toLogged(
  row: LoggedAttempt['row'] & Pick<Move['row'], 'lane_id'>,
  attempt: NewAttempt,
  now: number,
  lanes: LaneChanges,
): LoggedAttempt {
  const startedAt = now - attempt.durationMs;
  lanes.attempt(row.lane_id, attempt, startedAt, Number(row.test) === 1);
  return { row, attempt, startedAt };
}
