/**
 * The transactional outbox: an emit that is part of a transaction of the caller. The message is stored by one statement
 * on the caller's connection, unmatched; once that is committed, fan-out finds it. Rolled back, it was never there.
 */
import { describeValue } from './core/describe-value.ts';
import type { EmitPath } from './emit-path.ts';
import type { EngineHost } from './engine-host.ts';
import type { EmitOptions } from './engine/emit-options.ts';
import { OptionsError, StoreError } from './errors.ts';
import { readSyncTransaction, readTransaction } from './outbox-transaction.ts';
import type {
  KyselyTransaction,
  NewMessage,
  OutboxStatement,
  OutboxStore,
  QueryFunction,
  Store,
  SyncQueryFunction,
} from './store/store.ts';

/** Options of an emit in a transaction. Without `to`: who gets the message is decided after the commit. */
export interface OutboxOptions extends Omit<EmitOptions, 'to'> {
  to?: undefined;
}

/** Options of `emit` in a transaction of an asynchronous driver. */
export interface TransactionOptions extends OutboxOptions {
  /** The open transaction: a Kysely transaction, or a function that runs a statement in it and answers with a promise. */
  transaction: KyselyTransaction | QueryFunction;
  transactionSync?: undefined;
}

/** Options of `emit` in a transaction of a synchronous driver. */
export interface SyncTransactionOptions extends OutboxOptions {
  /** SQLite: runs a statement in the open transaction, at once: `(sql, parameters) => db.prepare(sql).all(...parameters)`. */
  transactionSync: SyncQueryFunction;
  transaction?: undefined;
}

/** What an emit in a transaction answers. */
export interface OutboxReceipt {
  /** Id of the message. When its id or idempotency key was taken, nothing is stored, which no one can tell before the commit. */
  readonly id: string;
  /**
   * Call it after the commit, and the message is matched and sent at once; otherwise by the next poll, except where the database notifies
   * (PostgreSQL): there it changes nothing. Nor does it with `deliver: false`: other processes match it, at their next poll. Never throws.
   */
  afterCommit(): void;
}

/** What `outbox` answers: run the statements in your transaction, in order. */
export interface OutboxBatch extends OutboxReceipt {
  /** At present always one. */
  readonly statements: readonly OutboxStatement[];
}

export interface OutboxParams {
  readonly store: Store;
  readonly host: EngineHost;
  readonly emitPath: EmitPath;
  readonly idempotencyWindowMs: number;
}

export class Outbox {
  readonly #params: OutboxParams;

  constructor(params: OutboxParams) {
    this.#params = params;
  }

  /** The message is checked, and where it can be stored, before this returns. */
  async emit(type: string, data: unknown, options: TransactionOptions): Promise<OutboxReceipt> {
    const { transaction, transactionSync, ...rest } = options;
    const outbox = this.#requireOutbox('transaction');
    if (transactionSync !== undefined) throw bothGiven();
    const run = readTransaction(transaction, outbox);
    const { emitPath, host } = this.#params;
    refuseRecipients(rest);
    if (!outbox.mustRunAtOnce) {
      const message = await emitPath.prepare(type, data, rest);
      await host.ready('emit');
      await expectPromise(run(this.#statement(outbox, message)), outbox);
      return this.#receipt(message.id);
    }
    const message = this.#createNow(type, data, rest, 'transaction');
    await expectPromise(run(this.#statement(outbox, message)), outbox);
    return this.#receipt(message.id);
  }

  /** Throws, and has stored, before it returns. */
  emitSync(type: string, data: unknown, options: SyncTransactionOptions): OutboxReceipt {
    const { transaction, transactionSync, ...rest } = options;
    const outbox = this.#requireOutbox('transactionSync');
    if (transaction !== undefined) throw bothGiven();
    if (!outbox.mustRunAtOnce) throw isAsynchronous();
    const run = readSyncTransaction(transactionSync);
    refuseRecipients(rest);
    const message = this.#createNow(type, data, rest, 'transactionSync');
    const { sql, parameters } = this.#statement(outbox, message);
    const answer = run(sql, [...parameters]);
    if (isThenable(answer)) {
      // Its failure is told by the error thrown here.
      Promise.resolve(answer).catch(() => {});
      throw new OptionsError(
        'transactionSync',
        'transactionSync: the function answered with a promise, so the statement may run after the commit. ' +
          `For an asynchronous driver pass it as \`transaction\`. ${MAY_HAVE_RUN}`,
      );
    }
    return this.#receipt(message.id);
  }

  /** For everything else that can run a statement. */
  statements(type: string, data: unknown, options: OutboxOptions = {}): OutboxBatch {
    const outbox = this.#requireOutbox('outbox');
    refuseRecipients(options);
    refuseTransactions(options);
    const message = this.#createNow(type, data, options, 'outbox');
    return { ...this.#receipt(message.id), statements: [this.#statement(outbox, message)] };
  }

  #requireOutbox(path: string): OutboxStore {
    const { store } = this.#params;
    if (store.outbox !== undefined) return store.outbox;
    throw new OptionsError(
      path,
      `${path}: the ${store.name} store cannot take part in your transactions. Use sqlStore(…) of posthorn/sql, on the database of the transaction.`,
    );
  }

  /** The tables must be there: a statement that waits for them would run after the commit. */
  #createNow(type: string, data: unknown, options: OutboxOptions, path: string): NewMessage {
    const { host, emitPath } = this.#params;
    if (host.status === 'idle')
      throw new StoreError(
        `Cannot emit in a transaction before the dispatcher is started: call \`await dispatcher.start()\` first.`,
        { code: 'not_started' },
      );
    const message = emitPath.prepare(type, data, options);
    if (!(message instanceof Promise)) return message;
    message.catch(() => {});
    throw new OptionsError(
      path,
      `${path}: the schema of the event type ${JSON.stringify(type)} is asynchronous, so the statement would run after the transaction is over. ` +
        'Use a synchronous schema for events that are emitted in transactions.',
    );
  }

  #statement(outbox: OutboxStore, message: NewMessage): OutboxStatement {
    return outbox.statement({ message, idempotencyWindowMs: this.#params.idempotencyWindowMs });
  }

  #receipt(id: string): OutboxReceipt {
    return { id, afterCommit: () => this.#params.host.engine?.fanOut.wake() };
  }
}

const MAY_HAVE_RUN = 'The statement may have run: roll the transaction back, or the message is stored.';

/** True for options that make an emit part of a transaction. */
export function isTransactional(
  options: object | undefined,
): options is TransactionOptions | SyncTransactionOptions {
  return (
    options !== undefined &&
    options !== null &&
    ((options as TransactionOptions).transaction !== undefined ||
      (options as SyncTransactionOptions).transactionSync !== undefined)
  );
}

/** Everything else about options is checked with the message. */
function refuseTransactions(options: object | null): void {
  for (const key of ['transaction', 'transactionSync'] as const)
    if ((options as Readonly<Record<string, unknown>> | null)?.[key] !== undefined)
      throw new OptionsError(
        key,
        `${key}: outbox() answers with statements that you run yourself. Leave it out, or pass it to emit().`,
      );
}

function refuseRecipients(options: object): void {
  if ((options as EmitOptions | null)?.to !== undefined)
    throw new OptionsError(
      'to',
      'to: cannot go with a transaction, because the receivers of the message are decided after the commit.',
    );
}

function bothGiven(): OptionsError {
  return new OptionsError(
    'transactionSync',
    'transactionSync: give either `transaction` or `transactionSync`, not both.',
  );
}

/** Nothing that runs a statement of this database has stored anything when it returns. */
function isAsynchronous(): OptionsError {
  return new OptionsError(
    'transactionSync',
    'transactionSync: it is for SQLite. The drivers of this database (pg, mysql2, Kysely) are asynchronous: ' +
      'pass { transaction: (sql, parameters) => client.query(sql, parameters) }, and await the emit.',
  );
}

/** What runs a statement and does not say when it is done might run it after the commit, or fail unheard. */
function expectPromise(answer: unknown, { mustRunAtOnce }: OutboxStore): PromiseLike<unknown> {
  if (isThenable(answer)) return answer;
  throw new OptionsError(
    'transaction',
    `transaction: expected a function that answers with a promise, got ${describeValue(answer)}. ` +
      (mustRunAtOnce
        ? 'For a synchronous driver (better-sqlite3, libsql, node:sqlite) pass it as `transactionSync`. '
        : 'Is a `return` missing, or does the driver take callbacks? docs/guides/outbox.md has the function for each driver. ') +
      MAY_HAVE_RUN,
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
