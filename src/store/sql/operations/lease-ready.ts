import type { ClaimParams } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Dialect } from '../dialect.ts';
import { READY_COLUMNS, type ReadyRow } from '../rows/leased-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { setClause } from '../set-clause.ts';
import type { Quota } from './claim-plan.ts';
import { readReady } from './ready-deliveries.ts';

/** What leasing changes of a delivery `t`. */
const LEASE = {
  state: `'sending'`,
  reason: 'null',
  attempts: 't.attempts + 1',
  ready_at: 'null',
  lease: ':lease',
  lease_until: ':leaseUntil',
  leased_at: ':now',
  owner: ':owner',
  first_attempt_at: 'coalesce(t.first_attempt_at, :now)',
} as const;

/** Asked of a value: asked of the column, Postgres may read all that is ready. */
const isReady = (dialect: Dialect): string => `${dialect.value('t.ready_at')} is not null`;

const writeLeases: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.deliveries,
    rows: dialect.each('picked', { seq: 'int' }),
    on: `${dialect.is('t.seq', 'picked.seq')} and ${isReady(dialect)}`,
    changes: LEASE,
  });

const selectLeased: TemplateText = ({ names, dialect }) =>
  `select d.seq from ${dialect.each('picked', { seq: 'int' })} ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.seq', 'picked.seq')}
   where d.lease = :lease`;

/** Reads and leases, in one statement of Postgres. */
const leaseAtOnce: TemplateText = ({ names, dialect }) => `
with picked as materialized (
  select d.* from ${dialect.rows('asked', { lane_id: 'text', quota: 'int' })}
  cross join lateral (select * from ${names.deliveries} r
    where r.lane_id = asked.lane_id and r.ready_at <= :now order by r.ready_at, r.seq limit asked.quota) d),
leased as (
  update ${names.deliveries} t set ${setClause(LEASE)} from picked where ${dialect.is('t.seq', 'picked.seq')} and ${isReady(dialect)} returning picked.*)
select ${READY_COLUMNS} from leased d join ${names.messages} m on ${dialect.is('m.seq', 'd.message_seq')} order by d.ready_at, d.seq`;

/** Leases the first deliveries of lanes that are locked, of each lane at most its quota. Answers with the rows as they were before. */
export function* leaseReady(
  db: Database,
  { lease: token, leaseMs, owner }: ClaimParams,
  now: number,
  quotas: readonly Quota[],
): Script<readonly ReadyRow[]> {
  if (quotas.length === 0) return [];
  const terms = { lease: token, leaseUntil: now + leaseMs, now, owner };
  if (db.dialect.hasLateral) {
    const asked = quotas.map(({ laneId, quota }) => [laneId, quota] as const);
    return yield* db.query<ReadyRow>(leaseAtOnce, { asked, ...terms });
  }
  const rows = yield* readReady(db, now, quotas);
  if (rows.length === 0) return rows;
  const picked = rows.map(({ seq }) => [Number(seq)] as const);
  if ((yield* db.run(writeLeases, { picked, ...terms })) === rows.length) return rows;
  // Somebody took some without holding their lane.
  const ours = yield* db.query<{ seq: NumberColumn }>(selectLeased, { picked, lease: token });
  const seqs = new Set(ours.map(({ seq }) => Number(seq)));
  return rows.filter(({ seq }) => seqs.has(Number(seq)));
}
