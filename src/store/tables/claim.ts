import type { Delivery } from '../../core/delivery.ts';
import type { ClaimParams, ClaimResult, LeasedDelivery } from '../store.ts';
import { applyEvent, leaseDelivery, logAttempt } from './changes.ts';
import { toDelivery } from './delivery-rows.ts';
import type { LaneRow } from './rows.ts';
import type { Tables } from './tables.ts';

/** Most expired leases taken back by one claim, so that no claim holds the event loop for long. */
const MAX_RESCUES = 1_000;

/** Rescues, then leases what is due. */
export function claimDue(tables: Tables, params: ClaimParams): ClaimResult {
  const now = tables.now();
  const rescued = rescue(tables, params.maxRescues, now);
  const leased: LeasedDelivery[] = [];
  tables.lanes.pick(params, now, (row) => {
    leased.push(leaseDelivery(tables, row, params, now));
    if (leased.at(-1)!.probe) block(tables, row.lane, now + params.leaseMs);
  });
  const next = tables.lanes.next(params, now);
  const expiresAt = tables.leases.first?.leaseUntil ?? Infinity;
  return {
    leased,
    rescued,
    nextDueMs: msUntil(Math.min(next.dueAt, expiresAt), now),
    nextOpenMs: msUntil(Math.min(next.openAt, expiresAt), now),
  };
}

/** Until the probe is over, or its lease. */
function block(tables: Tables, lane: LaneRow, until: number): void {
  lane.blockedUntil = until;
  lane.blockedReason = 'breaker';
  tables.changes.noteLane(lane);
}

function rescue(tables: Tables, maxRescues: number, now: number): Delivery[] {
  const rescued: Delivery[] = [];
  for (let row = tables.leases.first; row !== undefined && row.leaseUntil <= now; row = tables.leases.first) {
    if (rescued.length >= MAX_RESCUES) break;
    const attempt = {
      outcome: 'interrupted',
      reason: undefined,
      detail: 'The lease ran out before an outcome was written.',
      attempt: row.attempts,
      durationMs: now - row.leasedAt,
      response: undefined,
      traceparent: row.message.message.trace?.traceparent,
    } as const;
    logAttempt(tables, row, attempt, row.leasedAt);
    applyEvent(tables, row, { kind: 'lease_expired' }, now, {
      maxRescues,
      maxFaults: Infinity,
      faultDelayMs: 0,
    });
    rescued.push(toDelivery(row));
  }
  return rescued;
}

function msUntil(instant: number, now: number): number | undefined {
  return instant === Infinity ? undefined : Math.max(0, instant - now);
}
