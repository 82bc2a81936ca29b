/**
 * Changes of endpoints and settings, numbered for processes that look for them. Whoever makes one first takes the lock of all changes and keeps
 * it until the commit, so numbers become visible in their order, without gaps. It is the first lock of its transaction: two that
 * want each other's locks cannot meet.
 */
import type { Database, TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { type NumberColumn, optionalNumber } from '../rows/number-column.ts';
import type { Script } from '../script.ts';

/** The row of `settings` that is locked by changes. Its value says nothing. */
export const CHANGES_LOCK = 'sql.changes';

/** Changes that are kept. Who has missed more than these reads everything anew. */
const KEPT_CHANGES = 10_000;
/** Most changes that are read, or removed, in one go. */
const BATCH = 1_000;

const lockRow: TemplateText = ({ names, dialect }) =>
  `select name from ${names.settings} where name = '${CHANGES_LOCK}'${dialect.forUpdate}`;

const createLockRow: TemplateText = ({ names, dialect }) =>
  `insert into ${names.settings} (name, value) values ('${CHANGES_LOCK}', '') ${dialect.onConflict(['name'], {})}`;

const selectLast: TemplateText = ({ names }) => `select max(number) as number from ${names.changes}`;

const insertChange: TemplateText = ({ names }) =>
  `insert into ${names.changes} (number, kind, ref) values (:number, :kind, :ref)`;

const selectFrom: TemplateText = ({ names }) =>
  `select number, kind, ref from ${names.changes} where number >= :from order by number limit ${BATCH + 1}`;

const selectEnds: TemplateText = ({ names }) =>
  `select min(number) as oldest, max(number) as newest from ${names.changes}`;

const deleteUntil: TemplateText = ({ names }) => `delete from ${names.changes} where number <= :until`;

/** Begins a transaction that changes endpoints or settings: others that do wait until it ends. */
export function* lockChanges(db: Database): Script<void> {
  if (db.dialect.forUpdate === '') return;
  while ((yield* db.query(lockRow)).length === 0) yield* db.run(createLockRow);
}

/** Tells other processes of a change of an endpoint or a setting. In the transaction of the change, after {@link lockChanges}. */
export function* noteChange(db: Database, kind: ChangeKind, ref: string): Script<void> {
  const number = ((yield* readLast(db)) ?? 0) + 1;
  yield* db.run(insertChange, { number, kind, ref });
  yield* db.notify('changes');
}

/** What a change was made to: an endpoint or its lane by id, a setting by key. */
export type ChangeKind = 'endpoint' | 'setting';

/** What `readChanges` answers. */
export interface ReadChangesResult {
  /** Number of the last one: where the next call goes on. */
  readonly last: number;
  /** In their order, each as often as it happened. */
  readonly changes: readonly { readonly kind: ChangeKind; readonly ref: string }[];
  /** Some were missed: any endpoint and any setting may have changed. */
  readonly isMissed: boolean;
}

/** Reads changes behind the one numbered `after`; without it, only the number of the last one. At most 1,000: a full answer may have more behind it. */
export const readChanges: Operation<{ readonly after: number | undefined }, ReadChangesResult> = {
  isTransaction: false,
  *script(db, { after }) {
    if (after === undefined) return { last: (yield* readLast(db)) ?? 0, changes: [], isMissed: false };
    const rows = yield* db.query<ChangeRow>(selectFrom, { from: after });
    const [first] = rows;
    // The last one is never removed, so whoever read it finds it again; 0 stands for nothing.
    const isKnown =
      after === 0 ? first === undefined || Number(first.number) === 1 : Number(first?.number) === after;
    if (!isKnown) return yield* readMissed(db);
    const changes = after === 0 ? rows : rows.slice(1);
    return {
      last: Number(changes.at(-1)?.number ?? after),
      changes: changes.map(({ kind, ref }) => ({ kind, ref })),
      isMissed: false,
    };
  },
};

/** Removes old changes; true when there are more. */
export const pruneChanges: Operation<Readonly<Record<never, never>>, boolean> = {
  isTransaction: false,
  *script(db) {
    const [ends] = yield* db.query<{ oldest: NumberColumn | null; newest: NumberColumn | null }>(selectEnds);
    const surplus = Number(ends?.newest ?? 0) - KEPT_CHANGES;
    const oldest = Number(ends?.oldest ?? 0);
    if (surplus < oldest) return false;
    const until = Math.min(surplus, oldest + BATCH - 1);
    yield* db.run(deleteUntil, { until });
    return until < surplus;
  },
};

interface ChangeRow {
  readonly number: NumberColumn;
  readonly kind: ChangeKind;
  readonly ref: string;
}

function* readLast(db: Database): Script<number | undefined> {
  const [row] = yield* db.query<{ number: NumberColumn | null }>(selectLast);
  return optionalNumber(row?.number);
}

function* readMissed(db: Database): Script<ReadChangesResult> {
  return { last: (yield* readLast(db)) ?? 0, changes: [], isMissed: true };
}
