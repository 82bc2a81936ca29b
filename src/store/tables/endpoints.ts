import { decodeCursor, encodeCursor } from '../../core/cursor.ts';
import { type EndpointRecord, laneIdOf, laneLimitsOf } from '../../core/endpoint.ts';
import type { Lane, Page, PutEndpointResult, PutLaneParams, StoredEndpoint } from '../store.ts';
import { followRecord, limitLane, toLane } from './lane-rows.ts';
import type { LaneRow } from './rows.ts';
import type { Tables } from './tables.ts';

/** Writes a record whose base is the newest one. */
export function putEndpoint(
  tables: Tables,
  params: { record: EndpointRecord; expectedRevision: number },
): PutEndpointResult {
  const now = tables.now();
  const current = tables.endpoints.get(params.record.id)?.record;
  const currentRevision = current?.revision ?? 0;
  if (currentRevision !== params.expectedRevision) return { kind: 'conflict', currentRevision };
  const record: EndpointRecord = {
    ...structuredClone(params.record),
    createdAt: current?.createdAt ?? now,
    updatedAt: now,
    revision: currentRevision + 1,
  };
  takeEndpoint(tables, record);
  return { kind: 'stored', record: structuredClone(record) };
}

/** Stores a record as it is, for whoever keeps the revisions. */
export function takeEndpoint(tables: Tables, record: EndpointRecord): void {
  tables.endpoints.set(record);
  applyToLane(tables, record, tables.now());
  tables.watchers.noteEndpoint(record.id);
}

export function getEndpoint(tables: Tables, id: string): StoredEndpoint | undefined {
  const row = tables.endpoints.get(id);
  return row === undefined ? undefined : toStoredEndpoint(tables, row.record);
}

/** Stores the record of a hidden endpoint, unless it is there. */
export function addHiddenEndpoint(tables: Tables, record: EndpointRecord, now: number): void {
  if (tables.endpoints.get(record.id) !== undefined) return;
  tables.endpoints.set({ ...structuredClone(record), createdAt: now, updatedAt: now, revision: 1 });
}

/** A page in the order of creation. */
export function listEndpoints(
  tables: Tables,
  params: { tenant?: string | undefined; cursor?: string | undefined; limit: number },
): Page<StoredEndpoint> {
  const items: StoredEndpoint[] = [];
  let last = 0;
  let nextCursor: string | undefined;
  tables.endpoints.ordered.scanUp(decodeCursor('e', params.cursor) ?? 0, ({ sequence, record }) => {
    if (params.tenant !== undefined && record.tenant !== params.tenant) return true;
    if (items.length >= params.limit) {
      nextCursor = encodeCursor('e', last);
      return false;
    }
    items.push(toStoredEndpoint(tables, record));
    last = sequence;
    return true;
  });
  return { items, nextCursor };
}

/** Removes the record. Its lane opens, so that nothing it still holds is stuck. */
export function removeEndpoint(tables: Tables, id: string): boolean {
  const record = tables.endpoints.get(id)?.record;
  if (record === undefined) return false;
  tables.endpoints.delete(id);
  const lane = record.lane === undefined ? tables.lanes.get(id) : undefined;
  if (lane !== undefined) openForGood(tables, lane);
  const ledger = tables.ledgers.get(id);
  if (ledger !== undefined) tables.dropLedgerIfDone(ledger);
  if (lane?.ledgers === 0) tables.lanes.delete(lane);
  tables.watchers.noteEndpoint(id);
  return true;
}

/** The lane of an endpoint that is gone: nothing holds back what still waits there. */
export function openForGood(tables: Tables, lane: LaneRow): void {
  lane.paused = false;
  lane.held = false;
  lane.blockedUntil = 0;
  lane.trips = 0;
  limitLane(lane, laneLimitsOf({}));
  tables.changes.noteLane(lane);
  tables.lanes.place(lane, tables.now());
  tables.watchers.noteWork();
}

export function getLane(tables: Tables, laneId: string): Lane {
  return toLane(tables.lanes.get(laneId), tables.now());
}

/** Changes a lane. */
export function putLane(tables: Tables, params: PutLaneParams): void {
  const now = tables.now();
  const lane = tables.openLane(params.laneId, params.laneId);
  if (params.paused !== undefined && params.paused !== lane.paused) {
    lane.paused = params.paused;
    tables.watchers.noteEndpoint(lane.id);
  }
  if (params.blockForMs === 0) {
    lane.blockedUntil = 0;
  } else if (params.blockForMs !== undefined && replacesBlock(lane, params, now)) {
    lane.blockedUntil = now + params.blockForMs;
    lane.blockedReason = params.blockedReason;
  }
  lane.trips = params.trips ?? lane.trips;
  if (params.resetFailures === true) {
    lane.consecutiveFailures = 0;
    lane.failingSince = undefined;
  }
  tables.changes.noteLane(lane);
  tables.lanes.place(lane, now);
  if (!lane.paused && lane.blockedUntil <= now) tables.watchers.noteWork();
  // An answer may come when everything else of its lane is gone.
  if (lane.ledgers === 0 && tables.endpoints.get(lane.id) === undefined) tables.lanes.retire(lane, now);
}

function replacesBlock(
  lane: LaneRow,
  { blockForMs = 0, blockedReason, prolong }: PutLaneParams,
  now: number,
): boolean {
  const isLater = now + blockForMs > lane.blockedUntil;
  const isOpen = lane.blockedReason === 'breaker';
  if (prolong === true) return isLater && isOpen && lane.blockedUntil > now;
  return isLater || (blockedReason === 'breaker' && isOpen);
}

/** Brings a lane in line with its endpoint's record. */
function applyToLane(tables: Tables, record: EndpointRecord, now: number): void {
  const lane = tables.lanes.get(laneIdOf(record));
  if (lane === undefined) return;
  followRecord(lane, record);
  tables.changes.noteLane(lane);
  tables.lanes.place(lane, now);
  tables.watchers.noteWork();
}

function toStoredEndpoint(tables: Tables, record: EndpointRecord): StoredEndpoint {
  return { record: structuredClone(record), lane: getLane(tables, laneIdOf(record)) };
}
