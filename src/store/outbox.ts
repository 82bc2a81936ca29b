/** Messages that are stored inside a transaction of the caller. Part of the store port; optional: only stores on a database of the caller have it. */
import type { NewMessage } from './storing.ts';

/** One statement for the caller's own connection. */
export interface OutboxStatement {
  /** Text in the placeholders of the database: `$1` on PostgreSQL, `?` elsewhere. */
  readonly sql: string;
  /** Texts, numbers and nulls, in order. */
  readonly parameters: readonly (string | number | null)[];
}

/** Runs a statement in a transaction, and answers with a promise: `(sql, parameters) => client.query(sql, parameters)`. */
export type QueryFunction = (sql: string, parameters: (string | number | null)[]) => PromiseLike<unknown>;

/** What `transaction` needs of a Kysely transaction. */
export interface KyselyTransaction {
  readonly isTransaction: boolean;
  // Kysely's own type of a compiled query, whatever its version.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  executeQuery(query: any): Promise<unknown>;
}

/** Runs a statement at once, in the transaction that is open: `(sql, parameters) => db.prepare(sql).all(...parameters)`. */
export type SyncQueryFunction = (sql: string, parameters: (string | number | null)[]) => unknown;

/** The part of the store port that stores messages in transactions of the caller. */
export interface OutboxStore {
  /**
   * A transaction of this database may be over once a call returned, as those of synchronous drivers are: the statement must run
   * before `emit` returns.
   */
  readonly mustRunAtOnce: boolean;
  /**
   * The one statement that stores the message, not matched. A message whose id is taken changes nothing, and is no error: that would abort
   * the transaction. It takes its idempotency key when `claimFanOut` finds it, which removes one that comes second: a key that an open transaction held
   * would keep others waiting. Where the database can notify, the statement wakes all processes when it is committed.
   *
   * @throws OptionsError when transactions of the caller could only fail
   */
  statement(params: { readonly message: NewMessage; readonly idempotencyWindowMs: number }): OutboxStatement;
  /** Runs the statement through a Kysely transaction. */
  runKysely(transaction: KyselyTransaction, statement: OutboxStatement): Promise<unknown>;
}
