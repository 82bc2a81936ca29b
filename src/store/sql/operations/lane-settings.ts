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

const putHold: TemplateText = ({ names, dialect }) =>
  `insert into ${names.lanes} (id, paused, held, blocked_until, turns)
   values (:id, 0, 1, 0, 0) ${dialect.onConflict(['id'], { held: '1' })}`;

const endHold: TemplateText = ({ names }) =>
  `update ${names.lanes} set held = null where id = :id and held = 1`;

/** Rate limits by the id of the lane. */
export type LaneLimits = ReadonlyMap<string, RateLimit>;

/**
 * Sets the rate limit of a lane, and locks it; `undefined` ends it. Makes a lane that is missing; what was taken stays taken. True when it may have
 * changed: `refreshLanes` is to be called then.
 */
export function* setRateLimit(db: Database, id: string, limit: RateLimit | undefined): Script<boolean> {
  if (limit === undefined) return (yield* db.run(endLimit, { id })) > 0;
  yield* db.run(putLimits, { limited: toRows(new Map([[id, limit]])) });
  return true;
}

/** Gives lanes that endpoints share the limits that they may have, and locks them: one that is there stays, since all of them have the same. */
export function* addLaneSettings(db: Database, limits: LaneLimits): Script<void> {
  if (limits.size > 0) yield* db.run(addLimits, { limited: toRows(limits) });
}

/** Holds what waits in a lane because its endpoint is disabled, or does so no more. As {@link setRateLimit}. */
export function* setHeld(db: Database, id: string, isHeld: boolean): Script<boolean> {
  if (!isHeld) return (yield* db.run(endHold, { id })) > 0;
  yield* db.run(putHold, { id });
  return true;
}

/** In the order in which lanes are locked. */
function toRows(limits: LaneLimits): readonly (readonly [string, number, number])[] {
  return [...limits.keys()].sort().map((id) => {
    const { limit, intervalMs } = limits.get(id)!;
    return [id, limit, intervalMs];
  });
}
