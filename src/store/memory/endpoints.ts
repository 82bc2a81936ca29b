import type { EndpointRecord } from '../../core/endpoint.ts';
import type { Lane, Page, PutEndpointResult, PutLaneParams, StoredEndpoint } from '../store.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { toLane } from './lane-rows.ts';
import { RateWindow } from './rate-window.ts';
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
  tables.endpoints.set(record);
  applyRateLimit(tables, record.id, now);
  tables.watchers.noteEndpoint(record.id);
  return { kind: 'stored', record: structuredClone(record) };
}

export function getEndpoint(tables: Tables, id: string): StoredEndpoint | undefined {
  const row = tables.endpoints.get(id);
  return row === undefined ? undefined : { record: structuredClone(row.record), lane: getLane(tables, id) };
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
    items.push({ record: structuredClone(record), lane: getLane(tables, record.id) });
    last = sequence;
    return true;
  });
  return { items, nextCursor };
}

/** Removes the record. Its lane opens, so that nothing it still holds is stuck. */
export function removeEndpoint(tables: Tables, id: string): boolean {
  if (!tables.endpoints.delete(id)) return false;
  const lane = tables.lanes.get(id);
  if (lane !== undefined) {
    lane.paused = false;
    lane.blockedUntil = 0;
    applyRateLimit(tables, id, tables.now());
    tables.dropLaneIfDone(lane);
  }
  tables.watchers.noteEndpoint(id);
  return true;
}

export function getLane(tables: Tables, endpointId: string): Lane {
  return toLane(tables.lanes.get(endpointId), tables.now());
}

/** Changes a lane. */
export function putLane(tables: Tables, params: PutLaneParams): void {
  const now = tables.now();
  const lane = tables.openLane(params.endpointId);
  if (params.paused !== undefined && params.paused !== lane.paused) {
    lane.paused = params.paused;
    tables.watchers.noteEndpoint(lane.endpointId);
  }
  if (params.blockForMs === 0) {
    lane.blockedUntil = 0;
  } else if (params.blockForMs !== undefined && now + params.blockForMs > lane.blockedUntil) {
    lane.blockedUntil = now + params.blockForMs;
    lane.blockedReason = params.blockedReason;
  }
  tables.lanes.place(lane, now);
  if (!lane.paused && lane.blockedUntil <= now) tables.watchers.noteWork();
}

/** Brings the limit of a lane in line with its endpoint's record. */
function applyRateLimit(tables: Tables, endpointId: string, now: number): void {
  const lane = tables.lanes.get(endpointId);
  if (lane === undefined) return;
  const limit = tables.endpoints.rateLimitOf(endpointId);
  if (limit === undefined) lane.rate = undefined;
  else if (lane.rate === undefined) lane.rate = new RateWindow(limit);
  else lane.rate.configure(limit);
  tables.lanes.place(lane, now);
  tables.watchers.noteWork();
}
