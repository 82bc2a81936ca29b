import type { Lane } from '../../store.ts';
import { LANE_VIEW_COLUMNS, type LaneViewRow, toLane } from './lane-row.ts';
import type { NumberColumn } from './number-column.ts';

/** An endpoint with its lane as a driver gives them. */
export interface EndpointRow extends LaneViewRow {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly revision: NumberColumn;
  readonly created_at: NumberColumn;
  readonly updated_at: NumberColumn;
  readonly record: string;
}

/** The columns of {@link EndpointRow}, of the aliases `e`, `l` and `t`. */
export const ENDPOINT_COLUMNS = `e.seq, e.id, e.revision, e.created_at, e.updated_at, e.record, ${LANE_VIEW_COLUMNS}`;

/** What the store stamps on a record. */
export interface EndpointStamps {
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An endpoint as operations hand it out: only the store that called can open the record. */
export interface SealedEndpointRow extends EndpointStamps {
  readonly id: string;
  /** JSON text, secrets sealed. Its stamps are those of whoever wrote it. */
  readonly record: string;
  readonly lane: Lane;
}

/** The endpoint as operations hand it out. */
export function toSealedEndpoint(row: EndpointRow, now: number): SealedEndpointRow {
  return {
    id: row.id,
    record: row.record,
    revision: Number(row.revision),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    lane: toLane(row, now),
  };
}
