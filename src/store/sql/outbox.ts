import { CompiledQuery } from 'kysely';
import { toMessageColumns } from '../codec/message-codec.ts';
import type { KyselyTransaction, OutboxStatement, OutboxStore } from '../outbox.ts';
import type { Database, TemplateText } from './database.ts';

/** Options of {@link createOutbox}. */
export interface OutboxSettings {
  /** The clock of the store; `undefined`: that of the database. */
  readonly now: () => number | undefined;
  /** Postgres: the channel and what is to be heard on it at the commit. */
  readonly notification: { readonly channel: string; readonly payload: string } | undefined;
}

/** Writes messages as statements for transactions of the caller. */
export function createOutbox(db: Database, { now, notification }: OutboxSettings): OutboxStore {
  const { dialect } = db;
  const text = dialect.name === 'postgres' && notification !== undefined ? insertAndNotify : insertMessage;
  return {
    mustRunAtOnce: dialect.name === 'sqlite',
    statement({ message, idempotencyWindowMs }) {
      const columns = toMessageColumns(message);
      const { sql, parameters } = db.bind(text, {
        id: columns.id,
        tenant: columns.tenant,
        type: columns.type,
        data: columns.dataJson,
        happened_at: columns.timestamp,
        idempotency_key: columns.idempotencyKey,
        held_for_ms: Number.isFinite(idempotencyWindowMs) ? idempotencyWindowMs : null,
        ordering_key: columns.orderingKey,
        fingerprint: columns.fingerprint,
        addressed: columns.addressed ? 1 : 0,
        extra: columns.extra,
        now: now() ?? null,
        channel: notification?.channel ?? null,
        payload: notification?.payload ?? null,
      });
      return { sql, parameters: parameters as OutboxStatement['parameters'] };
    },
    runKysely: (transaction: KyselyTransaction, { sql, parameters }: OutboxStatement) =>
      transaction.executeQuery(CompiledQuery.raw(sql, [...parameters])),
  };
}

/**
 * On conflict nothing, not an error: that would abort the transaction of the caller. A key whose window is over does not conflict: as one
 * statement cannot take it from the message that holds it, this one then goes without.
 */
const insertMessage: TemplateText = (db) => {
  const { dialect, names } = db;
  const isMysql = dialect.name === 'mysql';
  const number = isMysql ? 'signed' : 'bigint';
  const text = isMysql ? 'char' : 'text';
  const now = `coalesce(cast(:now as ${number}), ${dialect.now})`;
  const key = `cast(:idempotency_key as ${text})`;
  const expired = `select 1 from ${names.messages} as m where m.tenant = :tenant and m.held_key = ${key} and m.held_until <= ${now}`;
  // Cast: where a value is null, or its type is to be inferred from more than one place, Postgres cannot tell its type.
  const columns = {
    id: `cast(:id as ${text})`,
    tenant: `cast(:tenant as ${text})`,
    type: `cast(:type as ${text})`,
    data: `cast(:data as ${text})`,
    happened_at: `cast(:happened_at as ${number})`,
    idempotency_key: key,
    // MySQL would lock the gap that it looks into, and with it the emits of other transactions.
    held_key: isMysql ? key : `case when exists (${expired}) then null else ${key} end`,
    held_until: `${now} + cast(:held_for_ms as ${number})`,
    ordering_key: `cast(:ordering_key as ${text})`,
    fingerprint: `cast(:fingerprint as ${text})`,
    addressed: `cast(:addressed as ${number})`,
    test: '0',
    extra: `cast(:extra as ${text})`,
    created_at: now,
    unmatched: '1',
  };
  const values = Object.values(columns).join(', ');
  // The column itself, not the value that was to be inserted: the row in the way may be another message with the same key.
  const onConflict = isMysql ? 'on duplicate key update id = id' : dialect.onConflict(['id'], {});
  return (
    `insert into ${names.messages} (${Object.keys(columns).join(', ')}) ` +
    (isMysql ? `values (${values}) ` : `select ${values} where 1 = 1 `) +
    onConflict +
    (dialect.hasReturning ? ' returning id' : '')
  );
};

/** A notification of Postgres is sent at the commit, and never when it does not come. Text, because some drivers cannot read `void`. */
const insertAndNotify: TemplateText = (db) =>
  `with stored as (${insertMessage(db)}) select id, cast(pg_notify(:channel, :payload) as text) as notified from stored`;
