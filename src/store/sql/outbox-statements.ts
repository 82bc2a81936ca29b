/** The one statement of an emit in a transaction of the caller. A conflict is no error there: that would abort the transaction. */
import type { Database, TemplateText } from './database.ts';

/** Stores a message without idempotency key: nothing but its id can be taken. */
export const insertMessage: TemplateText = (db) => {
  const insert = insertInto(db, `values (${valuesOf(db)})`, doNothing(db));
  return db.dialect.name === 'postgres' ? `with stored as (${insert}) ${NOTIFY}` : insert;
};

/** Stores a message with an idempotency key. A message that holds the key, and whose window is over, loses it to this one. */
export const insertWithKey: TemplateText = (db) => {
  const values = valuesOf(db);
  if (db.dialect.name === 'postgres') {
    // What this statement has changed does not stand in its way. Counted, so that all of it is changed before the insert.
    const source = `select ${values} from (select count(*) from freed) as counted`;
    return `with freed as (${freeKey(db)}), stored as (${insertInto(db, source, doNothing(db))}) ${NOTIFY}`;
  }
  // Twice: where the first row meets the message that holds the key, it takes the key from it, and the second one fits; else the second meets the first.
  return insertInto(db, `values (${values}), (${values})`, takeKey(db));
};

/** A notification of Postgres is sent at the commit, and never when it does not come. Text, because some drivers cannot read `void`. */
const NOTIFY = 'select id, cast(pg_notify(:channel, :payload) as text) as notified from stored';

function insertInto(db: Database, source: string, onConflict: string): string {
  const { dialect, names } = db;
  const columns = Object.keys(columnsOf(db)).join(', ');
  const returning = dialect.hasReturning ? ' returning id' : '';
  return `insert into ${names.messages} (${columns}) ${source} ${onConflict}${returning}`;
}

function doNothing({ dialect }: Database): string {
  // The column itself, not the value that was to be inserted: the row in the way may be another message with the same key.
  return dialect.name === 'mysql' ? 'on duplicate key update id = id' : dialect.onConflict(['id'], {});
}

function takeKey(db: Database): string {
  const isOver = `held_until <= ${nowOf(db)}`;
  if (db.dialect.name === 'mysql')
    return `on duplicate key update held_key = case when ${isOver} then null else held_key end`;
  return `on conflict (id) do nothing
    on conflict (tenant, held_key) where held_key is not null do update set held_key = null where ${isOver}`;
}

function freeKey(db: Database): string {
  const { tenant, held_key } = columnsOf(db);
  return `update ${db.names.messages} set held_key = null
    where tenant = ${tenant} and held_key = ${held_key} and held_until <= ${nowOf(db)} returning seq`;
}

function valuesOf(db: Database): string {
  return Object.values(columnsOf(db)).join(', ');
}

/** Cast: where a value is null, or its type is to be inferred from more than one place, Postgres cannot tell its type. */
function columnsOf(db: Database) {
  const text = (name: string): string => `cast(:${name} as ${db.dialect.name === 'mysql' ? 'char' : 'text'})`;
  const number = (name: string): string => `cast(:${name} as ${numberOf(db)})`;
  return {
    id: text('id'),
    tenant: text('tenant'),
    type: text('type'),
    data: text('data'),
    happened_at: number('happened_at'),
    idempotency_key: text('idempotency_key'),
    held_key: text('held_key'),
    held_until: `${nowOf(db)} + ${number('held_for_ms')}`,
    ordering_key: text('ordering_key'),
    fingerprint: text('fingerprint'),
    addressed: number('addressed'),
    test: '0',
    extra: text('extra'),
    created_at: nowOf(db),
    unmatched: '1',
  };
}

function nowOf(db: Database): string {
  return `coalesce(cast(:now as ${numberOf(db)}), ${db.dialect.now})`;
}

function numberOf({ dialect }: Database): string {
  return dialect.name === 'mysql' ? 'signed' : 'bigint';
}
