import type {
  Lease,
  NewAttempt,
  ReleaseParams,
  RenewParams,
  Settlement,
  SettleParams,
  SettleResult,
} from '../store.ts';
import { applyEvent, applyTransition, logAttempt } from './changes.ts';
import type { DeliveryRow, LaneRow } from './rows.ts';
import type { Tables } from './tables.ts';

/** Writes outcomes. */
export function settle(tables: Tables, params: SettleParams): readonly SettleResult[] {
  const now = tables.now();
  return params.settlements.map((settlement) => settleOne(tables, settlement, now));
}

/** Prolongs leases; returns those that are no longer held. */
export function renew(tables: Tables, params: RenewParams): readonly Lease[] {
  const until = tables.now() + params.leaseMs;
  const lost: Lease[] = [];
  for (const lease of params.leases) {
    const row = heldBy(tables, lease);
    if (row === undefined) {
      lost.push(lease);
    } else {
      tables.leases.remove(row);
      row.leaseUntil = until;
      tables.leases.add(row);
      tables.changes.noteDelivery(row);
    }
  }
  return lost;
}

/** Ends the time of leases whose holder is gone: the next claim rescues them. */
export function expireLeases(tables: Tables, isGone: (holder: string | undefined) => boolean): void {
  const now = tables.now();
  const expired: DeliveryRow[] = [];
  for (let row = tables.leases.first; row !== undefined; row = row.next)
    if (row.leaseUntil > now && isGone(row.holder)) expired.push(row);
  for (const row of expired) {
    tables.leases.remove(row);
    row.leaseUntil = now;
    tables.leases.add(row);
    tables.changes.noteDelivery(row);
  }
  if (expired.length > 0) tables.watchers.noteWork();
}

/** Hands leases back. */
export function release(tables: Tables, params: ReleaseParams): readonly SettleResult[] {
  const now = tables.now();
  return params.leases.map((lease) => {
    const row = heldBy(tables, lease);
    if (row === undefined) return { kind: 'lost' };
    applyEvent(tables, row, { kind: 'released' }, now);
    if (row.attempts === 0 && row.firstAttemptAt === row.leasedAt) row.firstAttemptAt = undefined;
    return { kind: 'settled', state: row.state, reason: row.reason };
  });
}

function settleOne(tables: Tables, settlement: Settlement, now: number): SettleResult {
  const row = heldBy(tables, settlement);
  if (row === undefined) return { kind: 'lost' };
  const { attempt } = settlement;
  if (attempt !== undefined) {
    const startedAt = now - attempt.durationMs;
    logAttempt(tables, row, attempt, startedAt);
    noteTriggered(row.lane, attempt, startedAt);
    if (!row.message.message.test) noteFailures(row.lane, attempt, startedAt);
    tables.changes.noteLane(row.lane);
  }
  applyTransition(tables, row, settlement.transition, now);
  return { kind: 'settled', state: row.state, reason: row.reason };
}

/** The fence: the delivery, if this very lease still stands. */
function heldBy(tables: Tables, lease: Lease): DeliveryRow | undefined {
  const row = tables.deliveries.get(lease.deliveryId);
  return row !== undefined && row.state === 'sending' && row.lease === lease.lease ? row : undefined;
}

function noteFailures(lane: LaneRow, { outcome }: NewAttempt, startedAt: number): void {
  if (outcome === 'delivered') {
    lane.consecutiveFailures = 0;
    lane.failingSince = undefined;
  } else if (outcome === 'endpoint_failed') {
    lane.consecutiveFailures += 1;
    lane.failingSince = Math.min(lane.failingSince ?? startedAt, startedAt);
  }
}

/** Only an answer, or the lack of one, tells that the endpoint was called. */
function noteTriggered(lane: LaneRow, attempt: NewAttempt, startedAt: number): void {
  if (attempt.outcome !== 'delivered' && attempt.outcome !== 'endpoint_failed') return;
  lane.lastTriggeredAt = Math.max(lane.lastTriggeredAt ?? startedAt, startedAt);
}
