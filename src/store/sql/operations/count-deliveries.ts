import { sql } from 'kysely';
import { DELIVERY_STATES, type DeliveryState } from '../../../core/delivery.ts';
import type { StatsParams, StoreStats } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { queryBuilder, tableAs } from '../query-builder.ts';
import { allOf, deliveryConditions } from '../where.ts';

type DeliveryCounts = Pick<StoreStats, 'byState' | 'waitingForRetry'>;

/** Deliveries in a state, and how many of them were attempted. */
interface StateCount {
  readonly state: string;
  readonly deliveries: NumberColumn;
  readonly attempted: NumberColumn | null;
}

/** Counts deliveries by their states, those of test messages left out. */
export function* countDeliveries(db: Database, where: StatsParams['where']): Script<DeliveryCounts> {
  const { endpointId, ...others } = where;
  const isByIndex = Object.values(others).every((value) => value === undefined);
  // MySQL has no index of test messages alone.
  return isByIndex && db.dialect.name !== 'mysql'
    ? yield* countByIndexes(db, endpointId)
    : yield* countByReading(db, where);
}

const ATTEMPTED = 'sum(case when attempts > 0 then 1 else 0 end)';
/** Part of the answer: all there are, whatever their state. */
const ALL = 'all';
/** Begins the state of test messages. */
const TEST = 'test:';

/** @param ofFew - the same as `of`, so written that the index is used that has few: those that are leased, or of test messages */
function countParts(of: string, ofFew = of): TemplateText {
  const columns = `count(*) as deliveries, ${ATTEMPTED} as attempted`;
  return ({ names: { deliveries } }) =>
    `select '${ALL}' as state, count(*) as deliveries, 0 as attempted from ${deliveries} where ${of}
     union all select state, ${columns} from ${deliveries} where ${of} and state <> 'succeeded' and state <> 'sending' group by state
     union all select 'sending', ${columns} from ${deliveries} where ${ofFew} and lease_until is not null
     union all select '${TEST}' || state, ${columns} from ${deliveries} where ${ofFew} and test = 1 group by state`;
}

const countAll = countParts('1 = 1');
const countOfEndpoint = countParts('endpoint_id = :endpointId', `endpoint_id || '' = :endpointId`);

/** Without reading those that succeeded: they are what the others leave of the number of rows. */
function* countByIndexes(db: Database, endpointId: string | undefined): Script<DeliveryCounts> {
  const parts =
    endpointId === undefined
      ? yield* db.query<StateCount>(countAll)
      : yield* db.query<StateCount>(countOfEndpoint, { endpointId });
  const deliveriesOf = (state: string): number =>
    Number(parts.find((part) => part.state === state)?.deliveries ?? 0);
  const unsuccessful = DELIVERY_STATES.reduce((sum, state) => sum + deliveriesOf(state), 0);
  const byState = countEach((state) => {
    const all = state === 'succeeded' ? deliveriesOf(ALL) - unsuccessful : deliveriesOf(state);
    return all - deliveriesOf(TEST + state);
  });
  return {
    byState,
    waitingForRetry: attemptedOf(parts, 'scheduled') - attemptedOf(parts, `${TEST}scheduled`),
  };
}

function* countByReading(db: Database, where: StatsParams['where']): Script<DeliveryCounts> {
  const query = queryBuilder(db)
    .selectFrom(tableAs(db.names, 'deliveries', 'd'))
    .select([
      'd.state',
      sql<NumberColumn>`count(*)`.as('deliveries'),
      sql<NumberColumn>`sum(case when d.attempts > 0 then 1 else 0 end)`.as('attempted'),
    ])
    .where(allOf([sql`d.test = 0`, ...deliveryConditions(db, where)]))
    .groupBy('d.state');
  const rows = yield* db.select(query);
  const byState = countEach((state) => Number(rows.find((row) => row.state === state)?.deliveries ?? 0));
  return { byState, waitingForRetry: attemptedOf(rows, 'scheduled') };
}

function attemptedOf(counts: readonly StateCount[], state: string): number {
  return Number(counts.find((count) => count.state === state)?.attempted ?? 0);
}

function countEach(count: (state: DeliveryState) => number): Readonly<Record<DeliveryState, number>> {
  const counts = DELIVERY_STATES.map((state) => [state, count(state)] as const);
  return Object.fromEntries(counts) as Record<DeliveryState, number>;
}
