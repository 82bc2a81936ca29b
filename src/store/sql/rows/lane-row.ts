import { RateWindow, type RateSlice } from '../../../core/rate-window.ts';
import type { BlockReason, Lane } from '../../store.ts';
import type { Database } from '../database.ts';
import { type NumberColumn, optionalNumber } from './number-column.ts';

/** The columns of a lane that say when it can be claimed from, as a driver gives them. */
export interface LaneGateRow {
  readonly id: string;
  readonly paused: NumberColumn;
  readonly held: NumberColumn | null;
  readonly blocked_until: NumberColumn;
  readonly rate_limit: NumberColumn | null;
  readonly rate_interval_ms: NumberColumn | null;
  readonly rate_log: string | null;
  readonly trips: NumberColumn | null;
  readonly max_leases: NumberColumn | null;
  readonly leases: NumberColumn | null;
}

/** The columns of {@link LaneGateRow}, of the alias `l`. */
export const LANE_GATE_COLUMNS =
  'l.id, l.paused, l.held, l.blocked_until, l.rate_limit, l.rate_interval_ms, l.rate_log, l.trips, l.max_leases, l.leases';

/** The columns of a lane that somebody sets, as a driver gives them. */
export interface LaneStateRow {
  readonly paused: NumberColumn;
  readonly blocked_until: NumberColumn;
  readonly blocked_reason: BlockReason | null;
  readonly trips: NumberColumn | null;
}

/** The columns of {@link LaneStateRow}, of the alias `l`. */
export const LANE_STATE_COLUMNS = 'l.paused, l.blocked_until, l.blocked_reason, l.trips';

type Nullable<Columns> = { readonly [Name in keyof Columns]: Columns[Name] | null };

/** A lane with its totals as a driver gives them; null where there is no row of the one or the other. */
export type LaneViewRow = Nullable<
  LaneStateRow &
    Record<
      'succeeded' | 'failed' | 'last_triggered_at' | 'consecutive_failures' | 'failing_since',
      NumberColumn
    >
>;

/** The columns of {@link LaneViewRow}, of the aliases `l` and `t`. */
export const LANE_VIEW_COLUMNS = `${LANE_STATE_COLUMNS}, t.succeeded, t.failed, t.last_triggered_at, t.consecutive_failures, t.failing_since`;

/** Joins what {@link LANE_VIEW_COLUMNS} are read from, for the lane that `id` names. */
export function joinLane({ names, dialect }: Pick<Database, 'names' | 'dialect'>, id: string): string {
  return `left join ${names.lanes} l on ${dialect.is('l.id', id)} left join ${names.totals} t on ${dialect.is('t.lane_id', id)}`;
}

/** What holds a lane back. */
export interface LaneGate {
  readonly id: string;
  /** Paused by somebody, or held because its endpoint is disabled. */
  readonly isShut: boolean;
  /** Epoch ms; 0 when not blocked. */
  readonly blockedUntil: number;
  /** `undefined`: no limit. */
  readonly rate: RateWindow | undefined;
  /** Its breaker is not closed: it gives one delivery, and waits for what becomes of it. */
  readonly isOnProbation: boolean;
  /** How many more of its deliveries may be leased; `Infinity`: no limit. Below 0 after the limit was lowered. */
  readonly freeLeases: number;
}

/** What holds a lane back, from its columns. */
export function toLaneGate(row: LaneGateRow): LaneGate {
  return {
    id: row.id,
    isShut: Number(row.paused) === 1 || row.held !== null,
    blockedUntil: Number(row.blocked_until),
    rate: row.rate_limit === null ? undefined : toRateWindow(row, Number(row.rate_limit)),
    isOnProbation: row.trips !== null,
    freeLeases: row.max_leases === null ? Infinity : Number(row.max_leases) - Number(row.leases),
  };
}

/** Only a claim can tell whether it may give one more delivery. */
export function isLimited({ rate, freeLeases }: LaneGate): boolean {
  return rate !== undefined || freeLeases < Infinity;
}

/** A lease of this lane is one of those that its limit allows. */
export function isCounted({ freeLeases }: Pick<LaneGate, 'freeLeases'>, isTest: boolean): boolean {
  return freeLeases < Infinity && !isTest;
}

/** When the next delivery can be claimed of a lane whose first one is ready at `firstReadyAt`, leases aside; `undefined` while it is shut. */
export function opensAt(lane: LaneGate, firstReadyAt: number, now: number): number | undefined {
  if (lane.isShut) return undefined;
  const openAt = Math.max(firstReadyAt, lane.blockedUntil);
  return lane.rate === undefined ? openAt : Math.max(openAt, lane.rate.nextAt(now));
}

/** The lane as callers see it; a block that is over is none. One that was never written has the default values. */
export function toLane(row: LaneViewRow, now: number): Lane {
  const blockedUntil = Number(row.blocked_until ?? 0);
  const isBlocked = blockedUntil > now;
  return {
    paused: Number(row.paused ?? 0) === 1,
    blockedUntil: isBlocked ? blockedUntil : undefined,
    blockedReason: isBlocked ? (row.blocked_reason ?? undefined) : undefined,
    succeeded: Number(row.succeeded ?? 0),
    failed: Number(row.failed ?? 0),
    lastTriggeredAt: optionalNumber(row.last_triggered_at),
    consecutiveFailures: Number(row.consecutive_failures ?? 0),
    failingSince: optionalNumber(row.failing_since),
    trips: Number(row.trips ?? 0),
  };
}

function toRateWindow(row: LaneGateRow, limit: number): RateWindow {
  const slices = row.rate_log === null ? [] : (JSON.parse(row.rate_log) as RateSlice[]);
  return new RateWindow({ limit, intervalMs: Number(row.rate_interval_ms) }, slices);
}
