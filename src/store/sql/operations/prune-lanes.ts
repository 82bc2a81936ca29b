import type { Database, TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { LANE_GATE_COLUMNS, type LaneGateRow, toLaneGate } from '../rows/lane-row.ts';
import { lockLanes } from './lanes.ts';
import { removeTotals } from './totals.ts';
import { deleteBy } from './delete-by.ts';

/** Lanes that are looked at in one go. */
const BATCH = 1_000;

/** Condition: lane `l` belongs to no endpoint, and to no delivery of one that was removed. */
function isAbandoned({ names }: Database): string {
  return `not exists (select 1 from ${names.endpoints} e where e.lane_id = l.id)
   and not exists (select 1 from ${names.deliveries} d where d.endpoint_id = l.id)
   and not exists (select 1 from ${names.deliveries} d where d.lane_id = l.id and d.ready_at is not null)`;
}

/** Lanes by their own rows and by those of their totals: either may be missing. */
const selectLanes: TemplateText = (db) => {
  const { lanes, totals } = db.names;
  const first = (table: string, id: string): string =>
    `select id from (select ${id} as id from ${table} where ${id} > :after order by ${id} limit ${BATCH}) ${id}s`;
  return `select l.id, case when ${isAbandoned(db)} then 1 else 0 end as is_abandoned
   from (${first(lanes, 'id')} union ${first(totals, 'lane_id')}) l order by l.id limit ${BATCH}`;
};

const selectAbandoned: TemplateText = (db) =>
  `select ${LANE_GATE_COLUMNS} from ${db.dialect.rows('wanted', { id: 'text' })} ${db.dialect.lookup} ${db.names.lanes} l on ${db.dialect.is('l.id', 'wanted.id')}
   where ${isAbandoned(db)}`;

const deleteLanes = deleteBy('lanes', 'id', { isPrimaryKey: true, type: 'text' });

/**
 * Removes lanes that belong to nothing any more, among those behind `after` in the order of ids, once nothing of them holds anything back:
 * a block and a rate limit are about a server, and outlive the messages that led to them. Where to go on, or `undefined` at the end.
 */
export const pruneLanes: Operation<{ readonly after: string }, string | undefined> = {
  isTransaction: true,
  *script(db, { after }) {
    const now = yield* db.now();
    const rows = yield* db.query<{ id: string; is_abandoned: unknown }>(selectLanes, { after });
    const next = rows.length < BATCH ? undefined : rows.at(-1)!.id;
    const wanted = rows.filter(({ is_abandoned }) => Number(is_abandoned) === 1).map(({ id }) => id);
    if (wanted.length === 0) return next;
    yield* lockLanes(db, wanted);
    const lanes = yield* db.query<LaneGateRow>(selectAbandoned, { wanted: wanted.map((id) => [id]) });
    const removed = lanes
      .map(toLaneGate)
      .filter(({ isShut, blockedUntil, rate }) => {
        return !isShut && blockedUntil <= now && (rate === undefined || rate.isUnused(now));
      })
      .map(({ id }) => id);
    if (removed.length > 0) yield* db.run(deleteLanes, { removed: removed.map((id) => [id]) });
    yield* removeTotals(db, removed);
    return next;
  },
};
