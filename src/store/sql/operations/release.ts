import { transition } from '../../../core/transition.ts';
import type { ReleaseParams, SettleResult } from '../../store.ts';
import type { Operation } from '../operation.ts';
import { toSnapshot } from '../rows/delivery-row.ts';
import { heldColumns, lockHeld } from './held-deliveries.ts';
import { LaneChanges } from './lane-changes.ts';
import { toResult } from './settle.ts';
import { afterCancel, type Move, writeTransitions } from './transitions.ts';
import { writeLaneChanges } from './write-lane-changes.ts';

const NO_LIMITS = { maxRescues: Infinity, maxFaults: Infinity, faultDelayMs: 0 };

const RELEASED = heldColumns([
  'endpoint_id',
  'lane_id',
  'test',
  'ordering_key',
  'counted',
  'cancelled',
  'state',
  'attempts',
  'attempts_before_run',
  'rescues',
  'faults',
  'leased_at',
  'first_attempt_at',
]);

/** Hands leases back. */
export const release: Operation<ReleaseParams, readonly SettleResult[]> = {
  isTransaction: true,
  *script(db, { leases }) {
    const held = yield* lockHeld(db, RELEASED, leases, leases);
    const now = yield* db.now();
    const lanes = new LaneChanges();
    const moves: Move[] = [];
    const results = leases.map((lease): SettleResult => {
      const row = held.take(lease);
      const released = row && transition(toSnapshot(row), { kind: 'released' }, NO_LIMITS);
      if (row === undefined || released === undefined) return { kind: 'lost' };
      const next = afterCancel(row, released);
      const isUnbegun = next.attempts === 0 && Number(row.first_attempt_at) === Number(row.leased_at);
      moves.push({ row, next, isUnbegun });
      return toResult(next);
    });
    yield* writeTransitions(db, now, moves, lanes);
    yield* writeLaneChanges(db, lanes);
    return results;
  },
};
