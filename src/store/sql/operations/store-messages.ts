import { toMessageColumns } from '../../codec/message-codec.ts';
import type { AppendEntry } from '../../store.ts';
import type { AppendOperation } from '../append-results.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import type { TableNames } from '../tables.ts';
import { decideEntries, type EntryDecision, type KnownMessage, KnownMessages } from './batch-decisions.ts';

/** What was stored of a batch. */
export interface StoredMessages {
  readonly decisions: readonly EntryDecision[];
  /** Sequences of the messages that were stored, by id. */
  readonly seqs: ReadonlyMap<string, number>;
}

/** Columns of messages that are handed over. */
export const MESSAGE_COLUMNS = {
  id: 'text',
  tenant: 'text',
  type: 'text',
  data: 'text',
  happened_at: 'int',
  idempotency_key: 'text',
  ordering_key: 'text',
  fingerprint: 'text',
  addressed: 'int',
  test: 'int',
  extra: 'text',
  unmatched: 'int',
} as const;

/** Where a statement cannot answer what it inserted, known messages were looked up before, and a conflict repeats the transaction. */
const insertMessages: TemplateText = ({ names, dialect }) =>
  `insert into ${names.messages} (id, tenant, type, data, happened_at, idempotency_key, ordering_key, fingerprint, addressed, test,
     extra, unmatched, held_key, held_until, created_at)
   select id, tenant, type, data, happened_at, idempotency_key, ordering_key, fingerprint, addressed, test, extra, unmatched,
     case when ${dialect.int(':holdsKeys')} = 1 then idempotency_key end,
     case when ${dialect.int(':holdsKeys')} = 1 and idempotency_key is not null then ${dialect.int(':heldUntil')} end,
     ${dialect.int(':now')}
   from ${dialect.each('stored', MESSAGE_COLUMNS)} where 1 = 1${dialect.inOrderOf('stored')}
   ${dialect.hasReturning ? `${dialect.onConflict(['id'], {})} returning seq, id` : ''}`;

const selectSeqs: TemplateText = ({ names, dialect }) =>
  `select m.seq, m.id from ${dialect.rows('stored', { id: 'text' })} ${dialect.lookup} ${names.messages} m on ${dialect.is('m.id', 'stored.id')}`;

/** Expression: the message that holds a wanted key. Named by its number, it is looked up; the index has only those that hold one, and might be read whole. */
export const holderOf = ({ messages }: TableNames): string =>
  `(select o.seq from ${messages} o where o.tenant = wanted.tenant and o.held_key = wanted.held_key)`;

const selectExpiredKeys: TemplateText = ({ names, dialect }) =>
  `select m.seq from ${dialect.rows('wanted', { tenant: 'text', held_key: 'text' })} ${dialect.lookup} ${names.messages} m
     on ${dialect.is('m.seq', holderOf(names))}
   where m.held_until <= :now order by ${dialect.value('m.seq')}`;

const freeKeys: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.messages,
    rows: dialect.rows('expired', { seq: 'int' }),
    on: `${dialect.is('t.seq', 'expired.seq')} and t.held_until <= :now`,
    changes: { held_key: 'null', held_until: 'null' },
  });

const selectKnown: TemplateText = ({ names, dialect }) => {
  const rows = dialect.rows('wanted', { id: 'text', tenant: 'text', held_key: 'text' });
  return `select m.id, m.tenant, m.fingerprint, null as held_key from ${rows} ${dialect.lookup} ${names.messages} m on ${dialect.is('m.id', 'wanted.id')}
   union all
   select m.id, m.tenant, m.fingerprint, m.held_key from ${rows} ${dialect.lookup} ${names.messages} m
     on ${dialect.is('m.seq', holderOf(names))}`;
};

/**
 * Waits for transactions that have stored one of the ids and are still open. MySQL would wait for them within the insert, and let nobody else
 * insert meanwhile.
 */
const lockIds: TemplateText = ({ names, dialect }) =>
  `select m.seq from ${dialect.rows('wanted', { id: 'text' })} ${dialect.lookup} ${names.messages} m on ${dialect.is('m.id', 'wanted.id')} lock in share mode`;

/** Stores the messages of a batch that are new. */
export function* storeMessages(db: Database, now: number, params: AppendOperation): Script<StoredMessages> {
  const { entries, idempotencyWindowMs } = params;
  yield* freeExpiredKeys(db, now, entries);
  const known = new KnownMessages();
  if (!db.dialect.hasReturning) {
    yield* db.query(lockIds, { wanted: entries.map(({ message }) => [message.id]) });
    yield* lookUp(db, entries, known);
  }
  const seqs = new Map<string, number>();
  for (;;) {
    const decisions = decideEntries(entries, known, idempotencyWindowMs > 0);
    const missing = entries.filter(
      ({ message }, index) => decisions[index]!.kind === 'store' && !seqs.has(message.id),
    );
    const refused = yield* insertNew(db, now, params, missing, seqs);
    if (refused.length === 0) return { decisions, seqs };
    // Looked up afterwards: most batches hold none, and what another transaction stored meanwhile is seen too.
    yield* lookUp(db, refused, known);
  }
}

/** Inserts; the entries whose id or key was taken. */
function* insertNew(
  db: Database,
  now: number,
  { idempotencyWindowMs }: AppendOperation,
  entries: readonly AppendEntry[],
  seqs: Map<string, number>,
): Script<readonly AppendEntry[]> {
  const values = {
    now,
    holdsKeys: idempotencyWindowMs > 0 ? 1 : 0,
    heldUntil: idempotencyWindowMs === Infinity ? null : now + idempotencyWindowMs,
  };
  for (const chunk of chunksOf(entries, ({ message }) => message.dataJson.length + 500)) {
    const stored = chunk.map(toMessageColumnRow);
    let inserted = yield* db.query<{ seq: NumberColumn; id: string }>(insertMessages, { stored, ...values });
    if (!db.dialect.hasReturning)
      inserted = yield* db.query(selectSeqs, { stored: chunk.map(({ message }) => [message.id]) });
    for (const { id, seq } of inserted) seqs.set(id, Number(seq));
  }
  return entries.filter(({ message }) => !seqs.has(message.id));
}

/** Values of {@link MESSAGE_COLUMNS}. */
export function toMessageColumnRow({ message, fannedOut }: AppendEntry): readonly (string | number | null)[] {
  const columns = toMessageColumns(message);
  return [
    columns.id,
    columns.tenant,
    columns.type,
    columns.dataJson,
    columns.timestamp,
    columns.idempotencyKey,
    columns.orderingKey,
    columns.fingerprint,
    columns.addressed ? 1 : 0,
    columns.test ? 1 : 0,
    columns.extra,
    fannedOut ? null : 1,
  ];
}

/** Keys whose window is over are free for the batch. */
function* freeExpiredKeys(db: Database, now: number, entries: readonly AppendEntry[]): Script<void> {
  const keyed = entries.filter(({ message }) => message.idempotencyKey !== undefined);
  if (keyed.length === 0) return;
  const wanted = keyed.map(({ message }) => [message.tenant, message.idempotencyKey!] as const);
  const rows = yield* db.query<{ seq: NumberColumn }>(selectExpiredKeys, { wanted, now });
  if (rows.length > 0) yield* db.run(freeKeys, { expired: rows.map(({ seq }) => [Number(seq)]), now });
}

function* lookUp(db: Database, entries: readonly AppendEntry[], known: KnownMessages): Script<void> {
  const wanted = entries.map(
    ({ message }) => [message.id, message.tenant, message.idempotencyKey ?? null] as const,
  );
  const rows = yield* db.query<KnownMessage & { held_key: string | null }>(selectKnown, { wanted });
  for (const { held_key, ...message } of rows) {
    if (held_key === null) known.addById(message);
    else known.addByKey(message, held_key);
  }
}
