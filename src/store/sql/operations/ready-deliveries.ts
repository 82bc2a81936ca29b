import type { Database, TemplateText } from '../database.ts';
import { READY_COLUMNS, type ReadyRow } from '../rows/leased-row.ts';
import type { Script } from '../script.ts';
import type { Quota } from './claim-plan.ts';
import { NO_LANE, selectEach } from './select-each.ts';

/**
 * Reads the first deliveries of lanes that are locked, by the time since when they are ready, then by sequence; of each lane
 * at most its quota, however many wait.
 */
export function* readReady(db: Database, now: number, quotas: readonly Quota[]): Script<readonly ReadyRow[]> {
  if (quotas.length === 0) return [];
  return yield* db.dialect.name === 'mysql' ? readUnion(db, now, quotas) : readOneByOne(db, now, quotas);
}

const selectOfLane = (deliveries: string, messages: string, placeholder: (name: string) => string): string =>
  `select ${READY_COLUMNS} from ${deliveries} d join ${messages} m on m.seq = d.message_seq
   where d.lane_id = ${placeholder('laneId')} and d.ready_at <= ${placeholder('now')}
   order by d.ready_at, d.seq limit ${placeholder('quota')}`;

const selectOne: TemplateText = ({ names }) =>
  selectOfLane(names.deliveries, names.messages, (name) => `:${name}`);

/** A call costs next to nothing in this process. */
function* readOneByOne(db: Database, now: number, quotas: readonly Quota[]): Script<readonly ReadyRow[]> {
  const rows: ReadyRow[] = [];
  for (const { laneId, quota } of quotas)
    rows.push(...(yield* db.query<ReadyRow>(selectOne, { laneId, now, quota })));
  return rows;
}

/** MariaDB has no lateral. */
function* readUnion({ names }: Database, now: number, quotas: readonly Quota[]): Script<readonly ReadyRow[]> {
  const select = selectOfLane(names.deliveries, names.messages, () => '?');
  const parameters = quotas.map(({ laneId, quota }) => [laneId, now, quota]);
  const rows = yield* selectEach(select, parameters, [NO_LANE, 0, 0]);
  return rows as unknown as readonly ReadyRow[];
}
