/** The one statement of an emit in a transaction of the caller. A conflict is no error there: that would abort the transaction. */
import type { Database, TemplateText } from './database.ts';

/**
 * Stores a message, which takes its idempotency key when it is matched. A key taken here would be held for as long as the transaction stays open, and
 * whoever used the same one would wait for it; on MySQL even who used others.
 */
export const insertMessage: TemplateText = (db) => {
  const { dialect, names } = db;
  const columns = columnsOf(db);
  // Rows, even if nobody reads them: `all` of better-sqlite3 takes no statement without.
  const returning = dialect.hasReturning ? ' returning id' : '';
  const insert = `insert into ${names.messages} (${Object.keys(columns).join(', ')}) values (${Object.values(columns).join(', ')})
    ${doNothing(db)}${returning}`;
  return dialect.name === 'postgres' ? `with stored as (${insert}) ${NOTIFY}` : insert;
};

/** A notification of Postgres is sent at the commit, and never when it does not come. Text, because some drivers cannot read `void`. */
const NOTIFY = 'select id, cast(pg_notify(:channel, :payload) as text) as notified from stored';

function doNothing({ dialect }: Database): string {
  return dialect.name === 'mysql' ? 'on duplicate key update id = id' : dialect.onConflict(['id'], {});
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
    held_until: `case when :holds_key = 1 then coalesce(${nowOf(db)} + ${number('held_for_ms')}, ${Number.MAX_SAFE_INTEGER}) end`,
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
