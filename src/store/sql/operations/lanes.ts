/**
 * Lanes under locks. What a transaction locks, it locks in this order, so that none waits for another in a circle: messages, endpoints, lanes,
 * deliveries, counts, totals; lanes and deliveries by their ids as JavaScript compares them. Whoever cannot keep to it passes over what is locked.
 *
 * - Only the holder of its lane makes a delivery ready, or takes that from it. Who made one ready wakes the lane (`wakeLanes`) in the same
 *   transaction, so that `ready_at` is never too late. A delivery that ends makes nothing ready, unless others of its ordering key wait for it, or it
 *   was one of the leases that its lane may have: its lane is not locked, so that outcomes and claims do not wait for one another.
 * - Under READ COMMITTED a statement sees what was committed when it began: what depends on other rows of a lane is read by a statement
 *   of its own, after the one that locked.
 */
import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';
import { LANE_GATE_COLUMNS, type LaneGateRow, opensAt, toLaneGate } from '../rows/lane-row.ts';
import { firstReady } from './first-ready.ts';

/** One pass in order, so that two that make and lock the same lanes meet at the first. */
const lockByIds: TemplateText = (db) => insertByIds(db, db.dialect.onConflictLock(['id']));

const createByIds: TemplateText = (db) => insertByIds(db, db.dialect.onConflict(['id'], {}));

const insertByIds = ({ names, dialect }: Database, onConflict: string): string =>
  `insert into ${names.lanes} (id, paused, blocked_until, turns)
   select id, 0, 0, 0 from ${dialect.rows('wanted', { id: 'text' })} where 1 = 1 order by ord ${onConflict}`;

const lockFreeByIds: TemplateText = ({ names, dialect }) =>
  `select l.id from ${dialect.rows('wanted', { id: 'text' })} ${dialect.lookup} ${names.lanes} l${dialect.byPrimaryKey} on ${dialect.is('l.id', 'wanted.id')}
   order by wanted.ord${dialect.skipLocked}`;

/** Expression: `ready_at` of a lane that has a delivery ready at `at`. */
export function earlierReadyAt(dialect: Database['dialect'], lane: string, at: string): string {
  return `case when ${isShut(lane)} or ${lane}.is_full = 1 or ${at} is null then ${lane}.ready_at
    else ${soonerReadyAt(dialect, lane, at)} end`;
}

/** Expression: `ready_at` of a full lane of which a lease ended at `at`. */
export function freedReadyAt(dialect: Database['dialect'], lane: string, at: string): string {
  return `case when ${isShut(lane)} then ${lane}.ready_at else ${soonerReadyAt(dialect, lane, at)} end`;
}

function isShut(lane: string): string {
  return `(${lane}.paused = 1 or ${lane}.held = 1)`;
}

function soonerReadyAt(dialect: Database['dialect'], lane: string, at: string): string {
  const opens = dialect.greatest(at, `${lane}.blocked_until`);
  return dialect.least(`coalesce(${lane}.ready_at, ${opens})`, opens);
}

const wakeByIds: TemplateText = ({ names, dialect }) =>
  `insert into ${names.lanes} (id, paused, blocked_until, ready_at, turns)
   select id, 0, 0, ready_at, 0 from ${dialect.rows('woken', { id: 'text', ready_at: 'int' })} where 1 = 1 order by ord
   ${dialect.onConflict(['id'], { ready_at: earlierReadyAt(dialect, names.lanes, ':new(ready_at)') })}`;

const selectGates: TemplateText = ({ names, dialect }) =>
  `select ${LANE_GATE_COLUMNS} from ${dialect.rows('wanted', { id: 'text' })} ${dialect.lookup} ${names.lanes} l on ${dialect.is('l.id', 'wanted.id')}`;

const writeReadyAt: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.lanes,
    rows: dialect.rows('refreshed', { id: 'text', ready_at: 'int' }),
    on: dialect.is('t.id', 'refreshed.id'),
    // Whether it is full, the next claim tells.
    changes: { ready_at: 'refreshed.ready_at', is_full: 'null' },
  });

/** Locks lanes until the end of the transaction; makes those that are missing. To be called once in a transaction, for all of them. */
export function* lockLanes(db: Database, ids: Iterable<string>): Script<void> {
  const wanted = sortedIds(ids).map((id) => [id] as const);
  if (wanted.length > 0) yield* db.run(lockByIds, { wanted });
}

/** Locks those of the lanes that nobody else has locked; which ones. Makes those that are missing. */
export function* lockFreeLanes(db: Database, ids: Iterable<string>): Script<ReadonlySet<string>> {
  const wanted = sortedIds(ids).map((id) => [id] as const);
  const known = new Set((yield* db.query<{ id: string }>(selectGates, { wanted })).map(({ id }) => id));
  const missing = wanted.filter(([id]) => !known.has(id));
  if (missing.length > 0) yield* db.run(createByIds, { wanted: missing });
  const rows = yield* db.query<{ id: string }>(lockFreeByIds, { wanted });
  return new Set(rows.map(({ id }) => id));
}

/** Tells lanes of deliveries that are ready, or will be. Locks the lanes; makes those that are missing. */
export function* wakeLanes(db: Database, wakes: ReadonlyMap<string, number>): Script<void> {
  if (wakes.size === 0) return;
  const woken = sortedIds(wakes.keys()).map((id) => [id, wakes.get(id)!] as const);
  yield* db.run(wakeByIds, { woken });
}

/** Works out anew when lanes that are locked are ready, after what holds them back has changed. */
export function* refreshLanes(db: Database, now: number, ids: Iterable<string>): Script<void> {
  const wanted = sortedIds(ids).map((id) => [id] as const);
  if (wanted.length === 0) return;
  const gates = (yield* db.query<LaneGateRow>(selectGates, { wanted })).map(toLaneGate);
  const first = yield* firstReady(
    db,
    gates.map(({ id }) => id),
  );
  const refreshed = gates.map((gate) => {
    const firstReadyAt = first.get(gate.id);
    return [gate.id, firstReadyAt === undefined ? null : (opensAt(gate, firstReadyAt, now) ?? null)] as const;
  });
  yield* db.run(writeReadyAt, { refreshed });
}

/** Without duplicates, in the order in which lanes are locked. */
function sortedIds(ids: Iterable<string>): string[] {
  return [...new Set(ids)].sort();
}
