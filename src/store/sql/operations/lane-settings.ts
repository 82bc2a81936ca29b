import type { RateLimit } from '../../../core/endpoint.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';

/** Limits of lanes: the one given, or the one that was there first. */
function insertLimits(valueOf: (lanes: string, column: string) => string): TemplateText {
  return ({ names, dialect }) =>
    `insert into ${names.lanes} (id, paused, blocked_until, rate_limit, rate_interval_ms, turns)
     select id, 0, 0, rate_limit, rate_interval_ms, 0
     from ${dialect.rows('limited', { id: 'text', rate_limit: 'int', rate_interval_ms: 'int' })} where 1 = 1 order by ord
     ${dialect.onConflict(['id'], {
       rate_interval_ms: valueOf(names.lanes, 'rate_interval_ms'),
       rate_limit: valueOf(names.lanes, 'rate_limit'),
     })}`;
}

const putLimits = insertLimits((_, column) => `:new(${column})`);
const addLimits = insertLimits((lanes, column) => `coalesce(${lanes}.${column}, :new(${column}))`);

const endLimit: TemplateText = ({ names }) =>
  `update ${names.lanes} set rate_limit = null, rate_interval_ms = null, rate_log = null
   where id = :id and rate_limit is not null`;

/** Rate limits by the id of the lane. */
export type LaneLimits = ReadonlyMap<string, RateLimit>;

/**
 * Gives lanes the rate limits of their endpoints, and locks them. Makes those that are missing; what was taken stays taken. Whoever changes the
 * limit of a lane in which deliveries wait calls `refreshLanes` afterwards.
 */
export function* putLaneSettings(db: Database, limits: LaneLimits): Script<void> {
  if (limits.size > 0) yield* db.run(putLimits, { limited: toRows(limits) });
}

/** The same for lanes that endpoints share, and that may have a limit: it stays, since all of them have the same. */
export function* addLaneSettings(db: Database, limits: LaneLimits): Script<void> {
  if (limits.size > 0) yield* db.run(addLimits, { limited: toRows(limits) });
}

/** Ends the rate limit of a lane. True when it had one. */
export function* endRateLimit(db: Database, id: string): Script<boolean> {
  return (yield* db.run(endLimit, { id })) > 0;
}

/** In the order in which lanes are locked. */
function toRows(limits: LaneLimits): readonly (readonly [string, number, number])[] {
  return [...limits.keys()].sort().map((id) => {
    const { limit, intervalMs } = limits.get(id)!;
    return [id, limit, intervalMs];
  });
}
