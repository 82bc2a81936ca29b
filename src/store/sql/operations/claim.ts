import type { ClaimParams, ClaimResult, LeasedDelivery } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { isCounted, type LaneGate } from '../rows/lane-row.ts';
import { type ReadyRow, toLeasedDelivery } from '../rows/leased-row.ts';
import { type NumberColumn, optionalNumber } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { lockReadyLanes, writeServedLanes } from './claim-lanes.ts';
import { ClaimPlan, type Quota } from './claim-plan.ts';
import { countLeased } from './lane-leases.ts';
import { leaseReady } from './lease-ready.ts';
import { rescueExpired } from './rescue.ts';

const firstExpiry = (deliveries: string): string =>
  `(select d.lease_until from ${deliveries} d where d.lease_until is not null order by d.lease_until limit 1)`;

const selectStart: TemplateText = ({ names, dialect }) =>
  `select coalesce(${dialect.int(':given')}, ${dialect.now}) as now, ${firstExpiry(names.deliveries)} as expires_at`;

const selectNext: TemplateText = ({ names, dialect }) =>
  `select (select l.ready_at from ${names.lanes} l where l.ready_at is not null order by l.ready_at, l.turns, l.id limit 1) as due_at,
     (select l.ready_at from ${names.lanes} l
       where l.ready_at is not null and l.id not in (select id from ${dialect.rows('full_lanes', { id: 'key' })})
       order by l.ready_at, l.turns, l.id limit 1) as open_at,
     ${firstExpiry(names.deliveries)} as expires_at`;

/**
 * Rescues, then leases what is due. Locks the lanes it takes from, and no others; those that somebody else has locked are left to him. What it
 * costs depends on how many lanes are ready, not on how many deliveries wait.
 */
export const claimDue: Operation<ClaimParams, ClaimResult> = {
  isTransaction: true,
  *script(db, params) {
    const { now, expires_at } = yield* readStart(db);
    const isExpired = expires_at !== null && Number(expires_at) <= now;
    const rescued = isExpired ? yield* rescueExpired(db, now, params.maxRescues) : [];
    const plan = new ClaimPlan(params, now);
    const leased: LeasedDelivery[] = [];
    while (plan.lanesToLock > 0) {
      const gates = yield* lockReadyLanes(db, now, plan);
      leased.push(...(yield* lease(db, params, now, plan, plan.addLanes(gates))));
    }
    for (let quotas = plan.secondHelpings(); quotas.length > 0; quotas = plan.secondHelpings())
      leased.push(...(yield* lease(db, params, now, plan, quotas)));
    yield* writeServedLanes(db, now, plan, params.leaseMs);
    return { leased, rescued, ...(yield* readNext(db, now, plan)) };
  },
};

function* readStart(
  db: Database,
): Script<{ readonly now: number; readonly expires_at: NumberColumn | null }> {
  const [row] = yield* db.query<{ now: NumberColumn; expires_at: NumberColumn | null }>(selectStart, {
    given: db.givenNow,
  });
  return { now: Number(row!.now), expires_at: row!.expires_at };
}

function* lease(
  db: Database,
  params: ClaimParams,
  now: number,
  plan: ClaimPlan,
  quotas: readonly Quota[],
): Script<readonly LeasedDelivery[]> {
  const taken = yield* leaseReady(db, params, now, quotas);
  for (const quota of quotas) {
    const ofLane = taken.filter(({ lane_id }) => lane_id === quota.laneId);
    plan.take(quota, ofLane.length, ofLane.filter(({ test }) => Number(test) === 1).length);
  }
  const counted = taken.filter(({ lane_id, test }) => isCounted(plan.gateOf(lane_id), Number(test) === 1));
  yield* countLeased(
    db,
    counted.map(({ seq }) => seq),
  );
  return taken.flatMap((row) => decode(row, params.lease, now, plan.gateOf(row.lane_id)) ?? []);
}

/** A message that cannot be read holds up no other: its lease runs out, until the delivery is `failed` with `crash_loop`. */
function decode(row: ReadyRow, token: string, now: number, gate: LaneGate): LeasedDelivery | undefined {
  try {
    return toLeasedDelivery(row, token, now, gate);
  } catch {
    return undefined;
  }
}

function* readNext(
  db: Database,
  now: number,
  plan: ClaimPlan,
): Script<Pick<ClaimResult, 'nextDueMs' | 'nextOpenMs'>> {
  const [next] = yield* db.queryLast<Record<'due_at' | 'open_at' | 'expires_at', NumberColumn | null>>(
    selectNext,
    {
      full_lanes: plan.full().map((id) => [id]),
    },
  );
  const expiresAt = optionalNumber(next?.expires_at) ?? Infinity;
  return {
    nextDueMs: msUntil(Math.min(optionalNumber(next?.due_at) ?? Infinity, expiresAt), now),
    nextOpenMs: msUntil(Math.min(optionalNumber(next?.open_at) ?? Infinity, expiresAt), now),
  };
}

function msUntil(instant: number, now: number): number | undefined {
  return instant === Infinity ? undefined : Math.max(0, instant - now);
}
