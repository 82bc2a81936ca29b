import type { Database, TemplateText } from '../database.ts';
import { deleteMessages } from './delete-by.ts';
import type { MessageRow } from '../rows/message-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { holderOf } from './store-messages.ts';

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
  readonly created_at: NumberColumn;
}

const selectHolders: TemplateText = ({ names, dialect }) =>
  `select m.seq, m.tenant, m.held_key, m.held_until, m.created_at from ${dialect.rows('wanted', { tenant: 'text', held_key: 'text' })}
   ${dialect.lookup} ${names.messages} m on ${dialect.is('m.seq', holderOf(names))}`;

const freeKeys: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.messages,
    rows: dialect.rows('freed', { seq: 'int' }),
    on: dialect.is('t.seq', 'freed.seq'),
    // Without a window it asks for none again.
    changes: { held_key: 'null', held_until: 'null' },
  });

const holdKeys: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.messages,
    rows: dialect.rows('kept', { seq: 'int' }),
    on: dialect.is('t.seq', 'kept.seq'),
    changes: { held_key: 't.idempotency_key' },
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
  if (removed.length > 0) yield* db.run(deleteMessages, { removed: toRows(removed) });
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
  /** Messages whose window was over when the next one with their key was stored. */
  readonly freed: readonly number[];
  /** Messages that hold their keys now. */
  readonly kept: readonly number[];
}

/** By the time at which the messages were stored, however late that is decided: a duplicate is one whose window overlaps with that of the holder. */
function decideKeys(wanting: readonly KeyedRow[], known: readonly Holder[]): KeyDecisions {
  const holders = new Map(known.map((holder) => [keyOf(holder.tenant, holder.held_key), toWindow(holder)]));
  const removed: number[] = [];
  const freed = new Set<number>();
  const kept = new Set<number>();
  for (const row of wanting) {
    const key = keyOf(row.tenant, row.idempotency_key!);
    const [holder, own] = [holders.get(key), toWindow(row)];
    if (holder !== undefined && holder.from < own.to && own.from < holder.to) {
      removed.push(own.seq);
      continue;
    }
    // One that was stored after the window of this one keeps the key.
    const [keeper, loser] = holder !== undefined && holder.from >= own.to ? [holder, own] : [own, holder];
    holders.set(key, keeper);
    if (keeper === own) kept.add(own.seq);
    if (loser !== undefined) {
      kept.delete(loser.seq);
      freed.add(loser.seq);
    }
  }
  return { removed, freed: [...freed], kept: [...kept] };
}

interface Window {
  readonly seq: number;
  readonly from: number;
  readonly to: number;
}

function toWindow({
  seq,
  created_at,
  held_until,
}: Pick<Holder, 'seq' | 'created_at' | 'held_until'>): Window {
  return {
    seq: Number(seq),
    from: Number(created_at),
    to: held_until === null ? Infinity : Number(held_until),
  };
}

function keyOf(tenant: string, key: string): string {
  return JSON.stringify([tenant, key]);
}

function toRows(seqs: readonly number[]): readonly (readonly [number])[] {
  return seqs.map((seq) => [seq]);
}
