import type { Database, TemplateText } from '../database.ts';
import { LANE_GATE_COLUMNS, type LaneGate, type LaneGateRow, opensAt, toLaneGate } from '../rows/lane-row.ts';
import type { Script } from '../script.ts';
import type { TemplateRows } from '../template.ts';
import type { ClaimPlan } from './claim-plan.ts';
import { firstReady } from './first-ready.ts';

/** Ready lanes that are not excluded, those that waited longest first. */
const readyLanes = ({ names, dialect }: Database, columns: string): string =>
  `select ${columns} from ${names.lanes} l
   where l.ready_at <= :now and l.id not in (select id from ${dialect.rows('excluded', { id: 'key' })})
   order by l.ready_at, l.turns, l.id limit :lanes`;

const lockReady: TemplateText = (db) => readyLanes(db, LANE_GATE_COLUMNS) + db.dialect.skipLocked;

const selectReady: TemplateText = (db) => readyLanes(db, 'l.id');

/** In the order of the rows, which it need not sort: so it locks no more than the limit. */
const lockByIds: TemplateText = ({ names, dialect }) =>
  `select ${LANE_GATE_COLUMNS} from ${dialect.rows('wanted', { id: 'text' })}
   ${dialect.lookup} ${names.lanes} l${dialect.byPrimaryKey} on ${dialect.is('l.id', 'wanted.id')}
   where l.ready_at <= :now limit :lanes${dialect.skipLocked}`;

/** Says when lanes are to be looked at again, and which of them are full, by expressions for that. */
const writeLanes = ({ names, dialect }: Database, readyAt: string, isFull: string): string =>
  dialect.updateFrom({
    table: names.lanes,
    rows: dialect.rows('served', {
      id: 'text',
      opens_at: 'int',
      ready_at: 'int',
      turns: 'int',
      rate_log: 'text',
      blocked_until: 'int',
      leases: 'int',
      is_full: 'int',
    }),
    on: dialect.is('t.id', 'served.id'),
    changes: {
      ready_at: readyAt,
      turns: 't.turns + served.turns',
      rate_log: 'coalesce(served.rate_log, t.rate_log)',
      blocked_until: 'coalesce(served.blocked_until, t.blocked_until)',
      leases: 't.leases + served.leases',
      is_full: isFull,
      blocked_reason: `case when served.blocked_until is not null then 'breaker' else t.blocked_reason end`,
    },
  });

const writeKnown: TemplateText = (db) => writeLanes(db, 'served.ready_at', 'served.is_full');

/** Reads one index entry for each lane. */
const writeFirst: TemplateText = (db) => {
  const { names, dialect } = db;
  const first = (value: string): string => `(select ${value} from ${names.deliveries} d
    where d.lane_id = served.id and d.ready_at is not null order by d.ready_at, d.seq limit 1)`;
  return writeLanes(
    db,
    `case when served.opens_at is not null then ${first(dialect.greatest('d.ready_at', 'served.opens_at'))} end`,
    `case when served.is_full = 1 then ${first('1')} end`,
  );
};

/** Locks lanes that are to be looked at, those that waited longest first. Passes over those that others have locked. */
export function* lockReadyLanes(db: Database, now: number, plan: ClaimPlan): Script<readonly LaneGate[]> {
  const excluded = plan.excluded().map((id) => [id] as const);
  const lanes = plan.lanesToLock;
  const rows =
    db.dialect.name === 'mysql'
      ? yield* lockInTwoSteps(db, now, excluded, lanes)
      : yield* db.query<LaneGateRow>(lockReady, { now, excluded, lanes });
  return rows.map(toLaneGate);
}

/** MySQL keeps all locked that it has read, what is excluded too: so it reads without locks, and some more, because others do the same. */
function* lockInTwoSteps(
  db: Database,
  now: number,
  excluded: TemplateRows,
  lanes: number,
): Script<readonly LaneGateRow[]> {
  const ready = yield* db.query<{ id: string }>(selectReady, { now, excluded, lanes: 4 * lanes });
  if (ready.length === 0) return [];
  return yield* db.query<LaneGateRow>(lockByIds, { wanted: ready.map(({ id }) => [id]), now, lanes });
}

/**
 * Sends lanes that were looked at behind all others that are ready, or to sleep: one that gave a probe until the lease of that is over, one that is
 * full until a lease ends.
 */
export function* writeServedLanes(db: Database, now: number, plan: ClaimPlan, leaseMs: number): Script<void> {
  const seen = plan.seen();
  if (seen.length === 0) return;
  // MySQL would read all finished deliveries of a lane that comes from a join.
  const isKnown = db.dialect.name === 'mysql';
  const ids = isKnown ? seen.map(({ gate }) => gate.id) : [];
  const first = yield* firstReady(db, ids);
  const served = seen.map(({ gate: before, taken, counted }) => {
    const blockedUntil = before.isOnProbation && counted > 0 ? now + leaseMs : null;
    const gate = blockedUntil === null ? before : { ...before, blockedUntil };
    const isFull = counted >= gate.freeLeases;
    const opens = (from: number): number | null => (isFull ? null : (opensAt(gate, from, now) ?? null));
    const firstReadyAt = first.get(gate.id);
    // Also when nothing was taken: what a clock that was set back means for it is decided once.
    const rateLog = gate.rate === undefined ? null : JSON.stringify(gate.rate.slices);
    return [
      gate.id,
      opens(now),
      firstReadyAt === undefined ? null : opens(Math.max(firstReadyAt, now)),
      taken > 0 ? 1 : 0,
      rateLog,
      blockedUntil,
      counted,
      // Where it is known what waits, a lane in which nothing does is as good as open.
      isFull && (!isKnown || firstReadyAt !== undefined) ? 1 : null,
    ] as const;
  });
  yield* db.send(isKnown ? writeKnown : writeFirst, { served });
}
