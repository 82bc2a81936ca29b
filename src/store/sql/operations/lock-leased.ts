import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';

const lockBySeq: TemplateText = ({ names, dialect }) =>
  `select d.seq from ${dialect.rows('wanted', { seq: 'int' })} ${dialect.lookup} ${names.deliveries} d${dialect.byPrimaryKey} on ${dialect.is('d.seq', 'wanted.seq')}
   where d.lease is not null order by wanted.ord${dialect.forUpdate}`;

/**
 * Locks those of the deliveries that are leased still, in the order in which outcomes lock them: one may have been written since they were read, since
 * it does not lock the lane.
 */
export function* lockLeased(
  db: Database,
  read: readonly { readonly seq: NumberColumn; readonly id: string }[],
): Script<readonly NumberColumn[]> {
  if (read.length === 0) return [];
  const wanted = [...read].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ seq }) => [Number(seq)] as const);
  return (yield* db.query<{ seq: NumberColumn }>(lockBySeq, { wanted })).map(({ seq }) => seq);
}
