import { hasLimits } from '../../../core/endpoint.ts';
import type { AppendOperation } from '../append-results.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';
import { addLaneSettings } from './lane-settings.ts';
import { lockLanes } from './lanes.ts';

const insertHidden: TemplateText = ({ names, dialect }) =>
  `insert into ${names.endpoints} (id, tenant, lane_id, hidden, revision, created_at, updated_at, record)
   select id, tenant, lane_id, 1, 1, ${dialect.int(':now')}, ${dialect.int(':now')}, record
   from ${dialect.rows('hidden', { id: 'text', tenant: 'text', lane_id: 'text', record: 'text' })} where 1 = 1 order by ord
   ${dialect.onConflict(['id'], {})}`;

const keepEndpoints: TemplateText = ({ names, dialect }) =>
  `select e.id from ${dialect.rows('hidden', { id: 'text' })} ${dialect.lookup} ${names.endpoints} e on ${dialect.is('e.id', 'hidden.id')}
   order by hidden.ord${dialect.keepRows}`;

/** Stores hidden endpoints that are not there, and keeps all of them from being removed until the deliveries to them are stored. */
export function* storeHiddenEndpoints(
  db: Database,
  now: number,
  { entries, hiddenEndpoints: endpoints }: AppendOperation,
): Script<void> {
  let missing = [...endpoints].sort((a, b) => (a.id < b.id ? -1 : 1));
  while (missing.length > 0) {
    const hidden = missing.map(({ id, tenant, laneId, record }) => [id, tenant, laneId, record] as const);
    yield* db.run(insertHidden, { hidden, now });
    const rows = yield* db.query<{ id: string }>(keepEndpoints, { hidden: hidden.map(([id]) => [id]) });
    // One that was there may have been removed between the two statements.
    const kept = new Set(rows.map(({ id }) => id));
    missing = missing.filter(({ id }) => !kept.has(id));
  }
  const limited = endpoints.filter(({ limits }) => hasLimits(limits));
  if (limited.length === 0) return;
  // All lanes of the batch: those in which its deliveries wait are locked again later.
  const laneIds = entries.flatMap(({ deliveries }) => deliveries.map(({ laneId }) => laneId));
  yield* lockLanes(db, [...laneIds, ...limited.map(({ laneId }) => laneId)]);
  yield* addLaneSettings(db, new Map(limited.map(({ laneId, limits }) => [laneId, limits])));
}
