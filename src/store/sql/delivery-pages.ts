import { type Compilable, sql } from 'kysely';
import type { DeliveryState } from '../../core/delivery.ts';
import type { Database } from './database.ts';
import { queryBuilder } from './query-builder.ts';
import type { NumberColumn } from './rows/number-column.ts';
import type { Script } from './script.ts';
import { type Condition, deliveryConditions, type DeliveryWhere } from './where.ts';

/** Which deliveries are wanted, and how to ask for them. */
export interface DeliveryPageQuery<Row> {
  readonly where: DeliveryWhere;
  readonly order: 'newest' | 'oldest';
  /** Most rows. */
  readonly count: number;
  /** The query for deliveries (alias `d`) that meet the conditions, in the order wanted, `count` at most. */
  readonly build: (conditions: readonly Condition[]) => Compilable<Row>;
}

/**
 * What names the index that has deliveries of a state. Those that are sent are few, and come by that of leases: asked for in any other way,
 * SQLite would walk along all deliveries.
 */
function isIndexed({ names }: Database, state: DeliveryState): Condition {
  if (state !== 'sending') return sql`d.state <> 'succeeded' and d.state <> 'sending'`;
  return sql`d.seq in (select s.seq from ${sql.raw(names.deliveries)} s where s.lease_until is not null)`;
}

/**
 * The first `count` deliveries in the order of their numbers. States are looked up apart: an index has each in that
 * order, but not several together.
 */
export function* selectDeliveryPage<Row extends { readonly seq: NumberColumn }>(
  db: Database,
  { where, order, count, build }: DeliveryPageQuery<Row>,
): Script<readonly Row[]> {
  const states = statesToLookUp(where);
  if (states === undefined) return yield* db.select(build(deliveryConditions(db, where)));
  const parts = states.map((state) => {
    const conditions = deliveryConditions(db, { ...where, states: [state] });
    const ofState = build([...conditions, isIndexed(db, state)]);
    return sql`select * from ${ofState} as part`;
  });
  // One statement: what moves from state to state meanwhile is seen in one of them.
  const all = sql<Row>`${sql.join(parts, sql` union all `)}`;
  const rows = [...(yield* db.select({ compile: () => all.compile(queryBuilder(db)) }))];
  const sign = order === 'oldest' ? 1 : -1;
  return rows.sort((a, b) => sign * (Number(a.seq) - Number(b.seq))).slice(0, count);
}

/** `undefined`: most deliveries may be meant, or few that are found by an id. */
function statesToLookUp(where: DeliveryWhere): readonly DeliveryState[] | undefined {
  const { states, deliveryId, deliveryIds, messageId, messageIds } = where;
  if (states === undefined || states.length === 0 || states.includes('succeeded')) return undefined;
  const isNamed = [deliveryId, deliveryIds, messageId, messageIds].some((ids) => ids !== undefined);
  return isNamed ? undefined : [...new Set(states)];
}
