import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import { deleteBy } from './delete-by.ts';

/** Hidden endpoints that are looked at in one go. */
const BATCH = 1_000;

const selectHidden: TemplateText = ({ names }) =>
  `select e.seq, e.id, case when exists (select 1 from ${names.deliveries} d where d.endpoint_id = e.id) then 1 else 0 end as is_used
   from ${names.endpoints} e where e.hidden = 1 and e.seq > :after order by e.seq limit ${BATCH}`;

const lockEndpoints: TemplateText = ({ names, dialect }) =>
  `select e.seq from ${dialect.rows('wanted', { seq: 'int' })}
   ${dialect.lookup} ${names.endpoints} e${dialect.byPrimaryKey} on ${dialect.is('e.seq', 'wanted.seq')} order by wanted.ord${dialect.forUpdate}`;

const selectUnused: TemplateText = ({ names, dialect }) =>
  `select wanted.seq from ${dialect.rows('wanted', { seq: 'int', id: 'text' })}
   where not exists (select 1 from ${names.deliveries} d where d.endpoint_id = wanted.id)`;

const deleteEndpoints = deleteBy('endpoints', 'seq', { isPrimaryKey: true, type: 'int' });

/**
 * Removes hidden endpoints without deliveries, among those numbered behind `after`; where to go on, or `undefined` at the end.
 * A delivery is stored under a lock of its endpoint, so what is read after the lock was taken holds until the end.
 */
export const pruneHiddenEndpoints: Operation<{ readonly after: number }, number | undefined> = {
  isTransaction: true,
  *script(db, { after }) {
    const rows = yield* db.query<HiddenRow>(selectHidden, { after });
    const next = rows.length < BATCH ? undefined : Number(rows.at(-1)!.seq);
    const wanted = rows
      .filter(({ is_used }) => Number(is_used) === 0)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ seq, id }) => [Number(seq), id] as const);
    if (wanted.length === 0) return next;
    if (db.dialect.forUpdate !== '') yield* db.query(lockEndpoints, { wanted: wanted.map(([seq]) => [seq]) });
    const unused = yield* db.query<{ seq: NumberColumn }>(selectUnused, { wanted });
    if (unused.length > 0)
      yield* db.run(deleteEndpoints, { removed: unused.map(({ seq }) => [Number(seq)]) });
    return next;
  },
};

interface HiddenRow {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly is_used: NumberColumn;
}
