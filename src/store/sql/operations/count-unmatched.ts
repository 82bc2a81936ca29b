import { sql } from 'kysely';
import type { StatsParams } from '../../store.ts';
import type { Database } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { queryBuilder, tableAs } from '../query-builder.ts';
import { allOf, tenantConditions, timeConditions } from '../where.ts';

/** Counts messages that are not matched yet, which have no endpoint, by their index: with the flag as a range, as `claimFanOut` reads it. */
export function* countUnmatched(
  db: Database,
  { tenant, endpointId, ...range }: StatsParams['where'],
): Script<number> {
  if (endpointId !== undefined) return 0;
  const query = queryBuilder(db)
    .selectFrom(tableAs(db.names, 'messages', 'm'))
    .select(sql<NumberColumn>`count(*)`.as('messages'))
    .where(
      allOf([
        sql`m.unmatched >= 1`,
        sql`m.test = 0`,
        ...tenantConditions('m', tenant),
        ...timeConditions('m.created_at', range),
      ]),
    );
  const [row] = yield* db.select(query);
  return Number(row?.messages ?? 0);
}
