import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { freedReadyAt } from './lanes.ts';
import { lockLeased } from './lock-leased.ts';

/** Leases of a lane that have ended. */
export interface FreedLeases {
  readonly laneId: string;
  readonly count: number;
  readonly at: number;
}

const wakeFull: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.lanes,
    rows: dialect.rows('freed', { id: 'text', at: 'int' }),
    on: `${dialect.is('t.id', 'freed.id')} and t.is_full = 1`,
    changes: { ready_at: freedReadyAt(dialect, 't', 'freed.at') },
  });

const takeOff: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.lanes,
    rows: dialect.rows('freed', { id: 'text', leases: 'int' }),
    on: dialect.is('t.id', 'freed.id'),
    changes: { leases: 't.leases - freed.leases' },
  });

/** By the index of leases, whatever else there is of the lane. */
const selectLeased: TemplateText = (db) =>
  `select d.seq, d.id from ${db.names.deliveries} d${db.byIndex('deliveries_lease')}
   where d.lease_until > 0 and d.lane_id = :id and d.test = 0`;

const markCounted: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.deliveries,
    rows: dialect.rows('counted', { seq: 'int' }),
    on: dialect.is('t.seq', 'counted.seq'),
    changes: { counted: '1' },
  });

const writeLeases: TemplateText = ({ names }) => `update ${names.lanes} set leases = :leases where id = :id`;

/** Takes leases that have ended off those of their lanes, which are locked. True when one was full, and waits no longer. */
export function* freeLeases(db: Database, freed: readonly FreedLeases[]): Script<boolean> {
  if (freed.length === 0) return false;
  const woken = yield* db.run(wakeFull, { freed: freed.map(({ laneId, at }) => [laneId, at]) });
  yield* db.send(takeOff, { freed: freed.map(({ laneId, count }) => [laneId, count]) });
  return woken > 0;
}

/** Deliveries that were just leased are among those that their lane, which is locked, may have. */
export function* countLeased(db: Database, seqs: readonly NumberColumn[]): Script<void> {
  if (seqs.length > 0) yield* db.send(markCounted, { counted: seqs.map((seq) => [Number(seq)]) });
}

/** Counts the leases of a lane that is locked, and that has a most of them from now on. */
export function* recountLeases(db: Database, id: string): Script<void> {
  const leased = yield* lockLeased(
    db,
    yield* db.query<{ seq: NumberColumn; id: string }>(selectLeased, { id }),
  );
  yield* countLeased(db, leased);
  yield* db.send(writeLeases, { id, leases: leased.length });
}
