import type { RateLimit } from '../../../core/endpoint.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';

const COLUMNS =
  'id, paused, blocked_until, rate_limit, rate_interval_ms, turns, succeeded, failed, consecutive_failures';

const putLimits: TemplateText = ({ names, dialect }) =>
  `insert into ${names.lanes} (${COLUMNS})
   select id, 0, 0, rate_limit, rate_interval_ms, 0, 0, 0, 0
   from ${dialect.rows('wanted', { id: 'text', rate_limit: 'int', rate_interval_ms: 'int' })} where 1 = 1 order by ord
   ${dialect.onConflict(['id'], { rate_limit: ':new(rate_limit)', rate_interval_ms: ':new(rate_interval_ms)' })}`;

const endLimit: TemplateText = ({ names }) =>
  `update ${names.lanes} set rate_limit = null, rate_interval_ms = null, rate_log = null
   where id = :id and rate_limit is not null`;

/**
 * Gives lanes the rate limits of the records of their endpoints, and locks them. Makes those that are missing. What was taken stays taken.
 * Whoever changes the limit of a lane in which deliveries wait calls `refreshLanes` afterwards.
 */
export function* putLaneSettings(db: Database, limits: ReadonlyMap<string, RateLimit>): Script<void> {
  if (limits.size === 0) return;
  const wanted = [...limits]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { limit, intervalMs }]) => [id, limit, intervalMs] as const);
  yield* db.run(putLimits, { wanted });
}

/** Ends the rate limit of a lane. True when it had one. */
export function* endRateLimit(db: Database, id: string): Script<boolean> {
  return (yield* db.run(endLimit, { id })) > 0;
}
