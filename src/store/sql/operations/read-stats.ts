import { sql } from 'kysely';
import type { LifetimeCounts, StatsParams, StoreStats } from '../../store.ts';
import { AttemptTally } from '../attempt-tally.ts';
import type { Database } from '../database.ts';
import type { Operation } from '../operation.ts';
import { type NumberColumn, optionalNumber } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { queryBuilder, tableAs } from '../query-builder.ts';
import { allOf, type Condition, tenantConditions } from '../where.ts';
import { countDeliveries } from './count-deliveries.ts';
import { countUnmatched } from './count-unmatched.ts';

const MINUTE_MS = 60_000;

/** Counts messages and deliveries by their rows, attempts by their counts for each minute. */
export const readStats: Operation<StatsParams, StoreStats> = {
  isTransaction: false,
  *script(db, params) {
    return {
      at: yield* db.now(),
      unmatchedMessages: yield* countUnmatched(db, params.where),
      ...(yield* countDeliveries(db, params.where)),
      ...(yield* countAttempts(db, params)),
      lifetime: yield* sumTotals(db, params),
    };
  },
};

function* countAttempts(
  db: Database,
  { where: { tenant, endpointId, since, until }, bucketMs }: StatsParams,
): Script<Pick<StoreStats, 'attempts' | 'lastDeliveredAt' | 'lastFailedAt' | 'buckets'>> {
  const conditions: Condition[] = tenantConditions('c', tenant);
  const firstAt = since === undefined ? undefined : Math.floor(since / MINUTE_MS) * MINUTE_MS;
  if (endpointId !== undefined) conditions.push(sql`c.endpoint_id = ${endpointId}`);
  if (firstAt !== undefined) conditions.push(sql`c.minute_at >= ${firstAt}`);
  if (until !== undefined) conditions.push(sql`c.minute_at < ${until}`);
  const tally = new AttemptTally();
  const stretches = new Map<number, AttemptTally>();
  const isDivided = bucketMs !== undefined && firstAt !== undefined;
  for (const row of yield* selectCounts(db, conditions, isDivided ? { firstAt, bucketMs } : undefined)) {
    tally.add(row);
    if (!isDivided) continue;
    const startAt = firstAt + Number(row.stretch) * bucketMs;
    let stretch = stretches.get(startAt);
    if (stretch === undefined) stretches.set(startAt, (stretch = new AttemptTally()));
    stretch.add(row);
  }
  const buckets = [...stretches]
    .sort(([a], [b]) => a - b)
    .map(([startAt, stretch]) => ({ startAt, ...stretch.counts() }));
  return { attempts: tally.counts(), ...tally.lastTimes(), buckets };
}

function* selectCounts(
  db: Database,
  conditions: readonly Condition[],
  division: { readonly firstAt: number; readonly bucketMs: number } | undefined,
) {
  // Not as parameters: drivers send numbers as if they had fractions, and SQLite would divide them so.
  const stretch =
    division === undefined
      ? sql<NumberColumn>`0`
      : sql<NumberColumn>`(c.minute_at - ${sql.lit(division.firstAt)}) ${sql.raw(db.dialect.name === 'mysql' ? 'div' : '/')} ${sql.lit(division.bucketMs)}`;
  const query = queryBuilder(db)
    .selectFrom(tableAs(db.names, 'counts', 'c'))
    .select([
      stretch.as('stretch'),
      'c.outcome',
      'c.bucket',
      sql<NumberColumn>`sum(c.attempts)`.as('attempts'),
      sql<NumberColumn>`max(c.longest_ms)`.as('longest_ms'),
      sql<NumberColumn>`max(c.last_at)`.as('last_at'),
    ])
    .where(allOf(conditions))
    .groupBy(['stretch', 'c.outcome', 'c.bucket']);
  return yield* db.select(query);
}

/** Of the endpoints that there are; those that share a lane count once. */
function* sumTotals(db: Database, { where: { endpointId, tenant } }: StatsParams): Script<LifetimeCounts> {
  const endpoints = sql.raw(db.names.endpoints);
  const ofEndpoint = sql<string>`coalesce((select e.lane_id from ${endpoints} e where e.id = ${endpointId}), ${endpointId})`;
  const shown = allOf([
    sql`e.hidden = 0`,
    ...(tenant === undefined ? [] : [sql<boolean>`e.tenant = ${tenant}`]),
  ]);
  const query = queryBuilder(db)
    .selectFrom(tableAs(db.names, 'totals', 't'))
    .select([
      sql<NumberColumn | null>`sum(t.succeeded)`.as('succeeded'),
      sql<NumberColumn | null>`sum(t.failed)`.as('failed'),
      sql<NumberColumn | null>`max(t.last_triggered_at)`.as('last_triggered_at'),
    ])
    .where(
      endpointId === undefined
        ? sql<boolean>`t.lane_id in (select e.lane_id from ${endpoints} e where ${shown})`
        : sql<boolean>`t.lane_id = ${ofEndpoint}`,
    );
  const [row] = yield* db.select(query);
  return {
    succeeded: Number(row?.succeeded ?? 0),
    failed: Number(row?.failed ?? 0),
    lastTriggeredAt: optionalNumber(row?.last_triggered_at),
  };
}
