import type { DeliveryState } from '../../../core/delivery.ts';
import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import type { LaneChanges } from './lane-changes.ts';

/** An ordering key of an endpoint. */
export interface OrderingKey {
  readonly endpointId: string;
  readonly key: string;
}

interface KeyRow {
  readonly ord: NumberColumn;
  readonly seq: NumberColumn;
  readonly state: DeliveryState;
  readonly due_at: NumberColumn;
  readonly ready_at: NumberColumn | null;
  readonly lane_id: string;
  readonly is_head: NumberColumn;
}

/**
 * The first unfinished row of a key, by one index entry. With the key as a range, only the index of keys has rows in this order for Postgres; with
 * the key as a constant it may walk the primary key instead. MySQL knows no ranges that come from a join.
 */
const firstOpen = (db: Database): string => {
  const { names, dialect } = db;
  const isOfKey =
    dialect.name === 'postgres'
      ? 'o.open_key >= wanted.ordering_key and o.open_key <= wanted.ordering_key'
      : 'o.open_key = wanted.ordering_key';
  return `(select o.seq from ${names.deliveries} o${db.byIndex('deliveries_open_key')}
    where o.endpoint_id = wanted.endpoint_id and ${isOfKey} order by o.open_key, o.seq limit 1)`;
};

/** Named by their numbers, for Postgres: it might read the index of active keys whole, which has only those. */
const isActive = ({ names, dialect }: Database): string => {
  const isOfKey = (row: string): string =>
    `${row}.endpoint_id = wanted.endpoint_id and ${row}.active_key = wanted.ordering_key`;
  return dialect.name === 'postgres'
    ? `d.seq = any(array(select o.seq from ${names.deliveries} o where ${isOfKey('o')}))`
    : isOfKey('d');
};

/** The rows of each key that are ready or leased, and its first unfinished one, without a look at those that wait behind it. */
const selectKeys: TemplateText = (db) => {
  const { names, dialect } = db;
  const rows = dialect.rows('wanted', { endpoint_id: 'text', ordering_key: 'text' });
  const columns = 'wanted.ord, d.seq, d.state, d.due_at, d.ready_at, d.lane_id';
  return `select ${columns}, 0 as is_head from ${rows} ${dialect.lookup} ${names.deliveries} d${db.byIndex('deliveries_active_key')}
     on ${isActive(db)}
   union all
   select ${columns}, 1 as is_head from ${rows} ${dialect.lookup} ${names.deliveries} d
     on ${dialect.is('d.seq', firstOpen(db))}`;
};

const writeActive: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.deliveries,
    rows: dialect.rows('changed', { seq: 'int', ready_at: 'int' }),
    on: dialect.is('t.seq', 'changed.seq'),
    changes: {
      ready_at: 'changed.ready_at',
      active_key: 'case when changed.ready_at is not null then t.ordering_key end',
    },
  });

/**
 * Makes the first unfinished delivery of each key ready, unless one of the key is leased, and no other one. To be called after any change of a
 * delivery with an ordering key, while its lane is locked. What became ready wakes its lane in `lanes`.
 */
export function* refreshKeys(db: Database, keys: readonly OrderingKey[], lanes: LaneChanges): Script<void> {
  const wanted = distinct(keys);
  if (wanted.length === 0) return;
  const rows = yield* db.query<KeyRow>(selectKeys, { wanted });
  const changed: [seq: number, readyAt: number | null][] = [];
  for (const ofKey of groupByKey(rows)) {
    const isLeased = ofKey.some(({ state }) => state === 'sending');
    const head = isLeased ? undefined : ofKey.find(({ is_head }) => Number(is_head) === 1);
    const isReady = (row: KeyRow): boolean => row.ready_at !== null;
    for (const row of ofKey) {
      if (isReady(row) && Number(row.seq) !== Number(head?.seq)) changed.push([Number(row.seq), null]);
    }
    if (head === undefined || isReady(head)) continue;
    changed.push([Number(head.seq), Number(head.due_at)]);
    lanes.wake(head.lane_id, Number(head.due_at));
  }
  if (changed.length > 0) yield* db.run(writeActive, { changed });
}

function groupByKey(rows: readonly KeyRow[]): Iterable<readonly KeyRow[]> {
  const groups = new Map<number, KeyRow[]>();
  for (const row of rows) {
    const ord = Number(row.ord);
    const group = groups.get(ord);
    if (group === undefined) groups.set(ord, [row]);
    else group.push(row);
  }
  return groups.values();
}

function distinct(keys: readonly OrderingKey[]): (readonly [string, string])[] {
  const byText = new Map(
    keys.map(({ endpointId, key }) => [
      `${endpointId.length}:${endpointId}${key}`,
      [endpointId, key] as const,
    ]),
  );
  return [...byText.values()];
}
