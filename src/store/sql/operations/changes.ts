import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';

/** The row of `settings` that counts changes. Whoever updates it holds its lock until the commit, so numbers become visible in their order. */
export const CHANGES_COUNTER = 'sql.changes';

const countChange: TemplateText = ({ names }) =>
  `update ${names.settings} set value = cast(cast(value as decimal(20)) + 1 as char(20)) where name = '${CHANGES_COUNTER}'`;

const insertChange: TemplateText = ({ names, dialect }) =>
  `insert into ${names.changes} (number, kind, ref)
   select cast(value as ${dialect.name === 'mysql' ? 'signed' : 'bigint'}), :kind, :ref from ${names.settings} where name = '${CHANGES_COUNTER}'`;

/** Tells other processes of a change of an endpoint or a setting. In the transaction of the change. */
export function* noteChange(db: Database, kind: 'endpoint' | 'setting', ref: string): Script<void> {
  yield* db.run(countChange);
  yield* db.run(insertChange, { kind, ref });
}
