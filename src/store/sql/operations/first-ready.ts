import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { NO_LANE, selectEach } from './select-each.ts';

/** Reads one index entry for each lane. */
const selectFirst: TemplateText = ({ names, dialect }) =>
  `select wanted.id as lane_id, (select d.ready_at from ${names.deliveries} d
     where d.lane_id = wanted.id and d.ready_at is not null order by d.ready_at, d.seq limit 1) as ready_at
   from ${dialect.rows('wanted', { id: 'text' })}`;

/**
 * When the first delivery of each lane is ready; lanes without one are left out. However many wait there.
 */
export function* firstReady(db: Database, laneIds: readonly string[]): Script<ReadonlyMap<string, number>> {
  if (laneIds.length === 0) return new Map();
  const rows = yield* db.dialect.name === 'mysql' ? selectOneByOne(db, laneIds) : selectAll(db, laneIds);
  const known = rows.filter(({ ready_at }) => ready_at !== null);
  return new Map(known.map(({ lane_id, ready_at }) => [lane_id, Number(ready_at)]));
}

interface FirstRow {
  readonly lane_id: string;
  readonly ready_at: NumberColumn | null;
}

function* selectAll(db: Database, laneIds: readonly string[]): Script<readonly FirstRow[]> {
  return yield* db.query<FirstRow>(selectFirst, { wanted: laneIds.map((id) => [id]) });
}

/** With the lane as a constant: MySQL would read all finished deliveries of a lane that comes from a join. */
function* selectOneByOne({ names }: Database, laneIds: readonly string[]): Script<readonly FirstRow[]> {
  const select = `select lane_id, ready_at from ${names.deliveries}
    where lane_id = ? and ready_at is not null order by ready_at, seq limit 1`;
  const parameters = laneIds.map((id) => [id]);
  return (yield* selectEach(select, parameters, [NO_LANE])) as unknown as readonly FirstRow[];
}
