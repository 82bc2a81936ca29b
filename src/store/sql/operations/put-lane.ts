import type { PutLaneParams } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { LANE_STATE_COLUMNS, type LaneStateRow } from '../rows/lane-row.ts';
import { lockChanges, noteChange } from './changes.ts';
import { lockLanes, refreshLanes } from './lanes.ts';

const selectLane: TemplateText = ({ names }) =>
  `select ${LANE_STATE_COLUMNS} from ${names.lanes} l where l.id = :id`;

const updateLane: TemplateText = ({ names }) =>
  `update ${names.lanes} set paused = :paused, blocked_until = :blockedUntil, blocked_reason = :blockedReason, trips = :trips where id = :id`;

const resetFailures: TemplateText = ({ names }) =>
  `update ${names.totals} set consecutive_failures = 0, failing_since = null where lane_id = :id`;

/** Writes one lane row, however many deliveries wait. */
export const putLane: Operation<PutLaneParams, undefined> = {
  isTransaction: true,
  *script(db, params) {
    const { laneId: id } = params;
    // Only pauses are told: blocks are frequent, and found in the lane by whoever claims.
    if (params.paused !== undefined) yield* lockChanges(db);
    const now = yield* db.now();
    yield* lockLanes(db, [id]);
    const [row] = yield* db.query<LaneStateRow>(selectLane, { id });
    if (params.resetFailures === true) yield* db.run(resetFailures, { id });
    const before = toLaneState(row!);
    const after = changeLane(before, params, now);
    if (after === before) return undefined;
    const { paused, blockedUntil, blockedReason, trips } = after;
    const stored = { paused: paused ? 1 : 0, blockedUntil, blockedReason, trips: trips === 0 ? null : trips };
    yield* db.run(updateLane, { id, ...stored });
    yield* refreshLanes(db, now, [id]);
    if (paused !== before.paused) yield* noteChange(db, 'endpoint', id);
    if (!paused && blockedUntil <= now) yield* db.notify('work');
    return undefined;
  },
};

interface LaneState {
  readonly paused: boolean;
  /** 0 when not blocked. */
  readonly blockedUntil: number;
  readonly blockedReason: string | null;
  readonly trips: number;
}

function toLaneState(row: LaneStateRow): LaneState {
  return {
    paused: Number(row.paused) === 1,
    blockedUntil: Number(row.blocked_until),
    blockedReason: row.blocked_reason,
    trips: Number(row.trips ?? 0),
  };
}

/** The same object when nothing changes. */
function changeLane(lane: LaneState, params: PutLaneParams, now: number): LaneState {
  const paused = params.paused ?? lane.paused;
  const trips = params.trips ?? lane.trips;
  const block = blockFor(lane, params, now);
  if (paused === lane.paused && trips === lane.trips && block === undefined) return lane;
  return { ...lane, ...block, paused, trips };
}

/** A block that would end before the one in force changes nothing, unless both are the breaker's. */
function blockFor(
  lane: LaneState,
  { blockForMs, blockedReason = undefined, prolong = undefined }: PutLaneParams,
  now: number,
): Pick<LaneState, 'blockedUntil' | 'blockedReason'> | undefined {
  if (blockForMs === undefined) return undefined;
  if (blockForMs === 0) return lane.blockedUntil === 0 ? undefined : { blockedUntil: 0, blockedReason: null };
  const isLater = now + blockForMs > lane.blockedUntil;
  const isOpen = lane.blockedReason === 'breaker';
  const counts =
    prolong === true
      ? isLater && isOpen && lane.blockedUntil > now
      : isLater || (blockedReason === 'breaker' && isOpen);
  if (!counts) return undefined;
  return { blockedUntil: now + blockForMs, blockedReason: blockedReason ?? null };
}
