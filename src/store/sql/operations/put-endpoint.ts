import { hasLimits, type LaneLimits } from '../../../core/endpoint.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import type { EndpointStamps } from '../rows/endpoint-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { lockChanges, noteChange } from './changes.ts';
import { recountLeases } from './lane-leases.ts';
import { endLimits, putLaneSettings, setHeld } from './lane-settings.ts';
import { refreshLanes } from './lanes.ts';

/** A record to store, and what the store needs to know of it. */
export interface PutEndpointOperation {
  readonly id: string;
  readonly tenant: string;
  readonly laneId: string;
  readonly isHidden: boolean;
  readonly limits: LaneLimits;
  /** It is disabled, and keeps what waits. */
  readonly isHeld: boolean;
  /** JSON text, secrets sealed. */
  readonly record: string;
  readonly expectedRevision: number;
}

/** What became of it. */
export type PutEndpointOutcome =
  | ({ readonly kind: 'stored' } & EndpointStamps)
  | { readonly kind: 'conflict'; readonly currentRevision: number };

const selectCurrent: TemplateText = ({ names, dialect }) =>
  `select revision, created_at from ${names.endpoints} where id = :id${dialect.forUpdate}`;

const insertEndpoint: TemplateText = ({ names }) =>
  `insert into ${names.endpoints} (id, tenant, lane_id, hidden, revision, created_at, updated_at, record)
   values (:id, :tenant, :laneId, :hidden, 1, :now, :now, :record)`;

const updateEndpoint: TemplateText = ({ names }) =>
  `update ${names.endpoints} set tenant = :tenant, revision = :revision, updated_at = :now, record = :record where id = :id`;

/**
 * Writes a record that is based on the newest revision. All changes of endpoints wait for each other, so of several writers
 * the first is stored, and the others find a newer revision.
 */
export const putEndpoint: Operation<PutEndpointOperation, PutEndpointOutcome> = {
  isTransaction: true,
  *script(db, params) {
    yield* lockChanges(db);
    const now = yield* db.now();
    const [current] = yield* db.query<{ revision: NumberColumn; created_at: NumberColumn }>(selectCurrent, {
      id: params.id,
    });
    const currentRevision = Number(current?.revision ?? 0);
    if (currentRevision !== params.expectedRevision) return { kind: 'conflict', currentRevision };
    const revision = currentRevision + 1;
    yield* writeRecord(db, params, revision, now);
    yield* applyToLane(db, params, now);
    yield* noteChange(db, 'endpoint', params.id);
    return { kind: 'stored', revision, createdAt: Number(current?.created_at ?? now), updatedAt: now };
  },
};

function* writeRecord(
  db: Database,
  params: PutEndpointOperation,
  revision: number,
  now: number,
): Script<void> {
  const { id, tenant, laneId, isHidden, record } = params;
  if (revision > 1) yield* db.run(updateEndpoint, { id, tenant, revision, now, record });
  else yield* db.run(insertEndpoint, { id, tenant, laneId, hidden: isHidden ? 1 : 0, now, record });
}

/** Its lane follows the record, in the same transaction. */
function* applyToLane(
  db: Database,
  { laneId, limits, isHeld }: PutEndpointOperation,
  now: number,
): Script<void> {
  const areLimitsSet = yield* applyLimits(db, laneId, limits);
  const isHoldSet = yield* setHeld(db, laneId, isHeld);
  if (!areLimitsSet && !isHoldSet) return;
  yield* refreshLanes(db, now, [laneId]);
  yield* db.notify('work');
}

/** True when they may have changed. */
function* applyLimits(db: Database, laneId: string, limits: LaneLimits): Script<boolean> {
  if (!hasLimits(limits)) return yield* endLimits(db, laneId);
  yield* putLaneSettings(db, new Map([[laneId, limits]]));
  if (limits.maxLeases !== undefined) yield* recountLeases(db, laneId);
  return true;
}
