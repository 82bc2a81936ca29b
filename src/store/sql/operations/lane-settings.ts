import type { LaneLimits } from '../../../core/endpoint.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';

/** Limits of lanes. */
function insertLimits(onConflict: (lanes: string) => Readonly<Record<string, string>>): TemplateText {
  return ({ names, dialect }) =>
    `insert into ${names.lanes} (id, paused, blocked_until, rate_limit, rate_interval_ms, max_leases, leases, turns)
     select id, 0, 0, rate_limit, rate_interval_ms, max_leases, case when max_leases is not null then 0 end, 0
     from ${dialect.rows('limited', {
       id: 'text',
       rate_limit: 'int',
       rate_interval_ms: 'int',
       max_leases: 'int',
     })} where 1 = 1 order by ord
     ${dialect.onConflict(['id'], onConflict(names.lanes))}`;
}

const putLimits = insertLimits((lanes) => ({
  rate_log: `case when :new(rate_limit) is not null then ${lanes}.rate_log end`,
  rate_interval_ms: ':new(rate_interval_ms)',
  rate_limit: ':new(rate_limit)',
  max_leases: ':new(max_leases)',
  leases: ':new(leases)',
  is_full: 'null',
}));

/** Those that were there first stay. */
const addLimits = insertLimits((lanes) =>
  Object.fromEntries(
    ['rate_interval_ms', 'rate_limit', 'max_leases', 'leases'].map((column) => [
      column,
      `coalesce(${lanes}.${column}, :new(${column}))`,
    ]),
  ),
);

const putHold: TemplateText = ({ names, dialect }) =>
  `insert into ${names.lanes} (id, paused, held, blocked_until, turns)
   values (:id, 0, 1, 0, 0) ${dialect.onConflict(['id'], { held: '1' })}`;

const endHold: TemplateText = ({ names }) =>
  `update ${names.lanes} set held = null where id = :id and held = 1`;

const endById: TemplateText = ({ names }) =>
  `update ${names.lanes}
   set rate_limit = null, rate_interval_ms = null, rate_log = null, max_leases = null, leases = null, is_full = null
   where id = :id and (rate_limit is not null or max_leases is not null)`;

/** Limits by the id of the lane. */
export type LimitsByLane = ReadonlyMap<string, LaneLimits>;

/**
 * Gives lanes the limits of their endpoints, and locks them. Makes those that are missing; rate tokens that were taken stay taken, leases are to be
 * counted anew. Whoever changes the limits of a lane in which deliveries wait calls `refreshLanes` afterwards.
 */
export function* putLaneSettings(db: Database, limits: LimitsByLane): Script<void> {
  if (limits.size > 0) yield* db.run(putLimits, { limited: toRows(limits) });
}

/** The same for lanes that endpoints share, and that may have limits: they stay, since all of them have the same, and so do the leases. */
export function* addLaneSettings(db: Database, limits: LimitsByLane): Script<void> {
  if (limits.size > 0) yield* db.run(addLimits, { limited: toRows(limits) });
}

/** Ends the limits of a lane. True when it had any. */
export function* endLimits(db: Database, id: string): Script<boolean> {
  return (yield* db.run(endById, { id })) > 0;
}

/** Holds what waits in a lane because its endpoint is disabled, or does so no more. True when it may have changed: `refreshLanes` is to be called then. */
export function* setHeld(db: Database, id: string, isHeld: boolean): Script<boolean> {
  if (!isHeld) return (yield* db.run(endHold, { id })) > 0;
  yield* db.run(putHold, { id });
  return true;
}

/** In the order in which lanes are locked. */
function toRows(limits: LimitsByLane): readonly (readonly [string, ...(number | null)[]])[] {
  return [...limits.keys()].sort().map((id) => {
    const { rate, maxLeases = null } = limits.get(id)!;
    return [id, rate?.limit ?? null, rate?.intervalMs ?? null, maxLeases];
  });
}
