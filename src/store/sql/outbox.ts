import { toMessageColumns } from '../codec/message-codec.ts';
import type { KyselyTransaction, OutboxStatement, OutboxStore } from '../outbox.ts';
import type { Database } from './database.ts';
import { rawQuery } from './kysely/raw-query.ts';
import { insertMessage } from './outbox-statements.ts';

/** Options of {@link createOutbox}. */
export interface OutboxSettings {
  /** The clock of the store; `undefined`: that of the database. */
  readonly now: () => number | undefined;
  /** Postgres: the channel and what is to be heard on it at the commit. */
  readonly notification: { readonly channel: string; readonly payload: string } | undefined;
  /** Throws when transactions of the caller could only fail. */
  readonly requireTransactions?: (() => void) | undefined;
}

/** Writes messages as statements for transactions of the caller. */
export function createOutbox(db: Database, settings: OutboxSettings): OutboxStore {
  const { now, notification, requireTransactions } = settings;
  return {
    mustRunAtOnce: db.dialect.name === 'sqlite',
    statement({ message, idempotencyWindowMs }) {
      requireTransactions?.();
      const columns = toMessageColumns(message);
      const holdsKey = idempotencyWindowMs > 0 && columns.idempotencyKey !== null;
      const { sql, parameters } = db.bind(insertMessage, {
        id: columns.id,
        tenant: columns.tenant,
        type: columns.type,
        data: columns.dataJson,
        happened_at: columns.timestamp,
        idempotency_key: columns.idempotencyKey,
        holds_key: holdsKey ? 1 : 0,
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
      transaction.executeQuery(rawQuery(sql, parameters)),
  };
}
