import type { Database, TemplateText } from '../database.ts';
import type { MessageRow } from '../rows/message-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';

/** A message that may still want its key, locked. */
export type KeyedRow = MessageRow & {
  readonly held_key: string | null;
  readonly held_until: NumberColumn | null;
};

/** A message that holds a key. */
interface Holder {
  readonly seq: NumberColumn;
  readonly tenant: string;
  readonly held_key: string;
  readonly held_until: NumberColumn | null;
}

const selectHolders: TemplateText = ({ names, dialect }) =>
  `select m.seq, m.tenant, m.held_key, m.held_until from ${dialect.rows('wanted', { tenant: 'text', held_key: 'text' })}
   ${dialect.lookup} ${names.messages} m on m.tenant = wanted.tenant and m.held_key = wanted.held_key`;

const freeKeys: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.messages,
    rows: dialect.rows('freed', { seq: 'int' }),
    on: 't.seq = freed.seq',
    changes: { held_key: 'null' },
  });

const holdKeys: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.messages,
    rows: dialect.rows('kept', { seq: 'int' }),
    on: 't.seq = kept.seq',
    changes: { held_key: 't.idempotency_key' },
  });

const removeMessages: TemplateText = ({ names, dialect }) =>
  dialect.deleteFrom({
    table: names.messages,
    column: 'seq',
    isPrimaryKey: true,
    rows: dialect.rows('removed', { seq: 'int' }),
    value: 'removed.seq',
  });

/**
 * Messages of transactions of the caller take their idempotency keys only now, so that no such transaction, however long it stays open, holds what
 * others wait for. Those that come second are removed; answers the others. Whoever takes a key at the same moment makes this fail, and be tried again.
 */
export function* takeKeys<Row extends KeyedRow>(db: Database, rows: readonly Row[]): Script<readonly Row[]> {
  const wanting = rows.filter(wantsKey);
  if (wanting.length === 0) return rows;
  const wanted = [...new Map(wanting.map((row) => [keyOf(row.tenant, row.idempotency_key!), row])).values()];
  const known = yield* db.query<Holder>(selectHolders, {
    wanted: wanted.map(({ tenant, idempotency_key }) => [tenant, idempotency_key]),
  });
  const { removed, freed, kept } = decideKeys(wanting, known);
  if (removed.length > 0) yield* db.run(removeMessages, { removed: toRows(removed) });
  if (freed.length > 0) yield* db.run(freeKeys, { freed: toRows(freed) });
  if (kept.length > 0) yield* db.run(holdKeys, { kept: toRows(kept) });
  const isRemoved = new Set(removed);
  return rows.filter(({ seq }) => !isRemoved.has(Number(seq)));
}

/** A key without a window is nobody's. */
function wantsKey({ idempotency_key, held_key, held_until, unmatched }: KeyedRow): boolean {
  return idempotency_key !== null && held_key === null && held_until !== null && unmatched !== null;
}

interface KeyDecisions {
  /** Messages that another one came before. */
  readonly removed: readonly number[];
  /** Messages that lose a key whose window was over. */
  readonly freed: readonly number[];
  /** Messages that hold their keys now. */
  readonly kept: readonly number[];
}

/** By the time at which the messages were stored, however late that is decided. */
function decideKeys(wanting: readonly KeyedRow[], known: readonly Holder[]): KeyDecisions {
  const holders = new Map(
    known.map(({ seq, tenant, held_key, held_until }) => [keyOf(tenant, held_key), { seq, held_until }]),
  );
  const removed: number[] = [];
  const freed = new Set<number>();
  const kept = new Set<number>();
  for (const { seq, tenant, idempotency_key, held_until, created_at } of wanting) {
    const key = keyOf(tenant, idempotency_key!);
    const holder = holders.get(key);
    if (
      holder !== undefined &&
      (holder.held_until === null || Number(holder.held_until) > Number(created_at))
    ) {
      removed.push(Number(seq));
      continue;
    }
    if (holder !== undefined && !kept.delete(Number(holder.seq))) freed.add(Number(holder.seq));
    kept.add(Number(seq));
    holders.set(key, { seq, held_until });
  }
  return { removed, freed: [...freed], kept: [...kept] };
}

function keyOf(tenant: string, key: string): string {
  return JSON.stringify([tenant, key]);
}

function toRows(seqs: readonly number[]): readonly (readonly [number])[] {
  return seqs.map((seq) => [seq]);
}
