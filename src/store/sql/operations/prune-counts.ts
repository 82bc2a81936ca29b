import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import type { NumberColumn } from '../rows/number-column.ts';

/** Counts that are removed in one go, and those of the minute in which that many are reached. */
const BATCH = 1_000;

const selectUntil: TemplateText = ({ names }) =>
  `select max(c.minute_at) as minute_at from
   (select minute_at from ${names.counts} where minute_at < :before order by minute_at limit ${BATCH}) c`;

const deleteUntil: TemplateText = ({ names }) => `delete from ${names.counts} where minute_at <= :until`;

/** Removes counts of attempts that were made longer than `keepMs` ago; true when there may be more. */
export const pruneCounts: Operation<{ readonly keepMs: number }, boolean> = {
  isTransaction: false,
  *script(db, { keepMs }) {
    if (keepMs === Infinity) return false;
    const before = (yield* db.now()) - keepMs;
    const [row] = yield* db.query<{ minute_at: NumberColumn | null }>(selectUntil, { before });
    if (row === undefined || row.minute_at === null) return false;
    return (yield* db.run(deleteUntil, { until: Number(row.minute_at) })) >= BATCH;
  },
};
