/** What callers give as their transaction. Many give the object of their driver: they are told the function that it needs. */
import { describeValue } from './core/describe-value.ts';
import { OptionsError } from './errors.ts';
import type {
  KyselyTransaction,
  OutboxStatement,
  OutboxStore,
  QueryFunction,
  SyncQueryFunction,
} from './store/store.ts';

/** @throws OptionsError for what cannot run a statement */
export function readTransaction(
  transaction: unknown,
  outbox: OutboxStore,
): (statement: OutboxStatement) => PromiseLike<unknown> {
  if (typeof transaction === 'function' && !has(transaction, 'raw')) {
    const query = transaction as QueryFunction;
    return ({ sql, parameters }) => query(sql, [...parameters]);
  }
  if (isKysely(transaction)) {
    if (transaction.isTransaction) return (statement) => outbox.runKysely(transaction, statement);
    throw new OptionsError(
      'transaction',
      'transaction: got a Kysely instance that is no transaction; pass the `trx` of `db.transaction().execute(async (trx) => …)`.',
    );
  }
  throw new OptionsError(
    'transaction',
    `transaction: expected a Kysely transaction or a function (sql, parameters) => Promise, got ${describeValue(transaction)}.${adviceFor(transaction)}`,
  );
}

/** @throws OptionsError for what is no function */
export function readSyncTransaction(transaction: unknown): SyncQueryFunction {
  if (typeof transaction === 'function') return transaction as SyncQueryFunction;
  throw new OptionsError(
    'transactionSync',
    `transactionSync: expected a function (sql, parameters) => rows, got ${describeValue(transaction)}.${adviceFor(transaction)}`,
  );
}

function isKysely(value: unknown): value is KyselyTransaction {
  return (
    has(value, 'executeQuery') && typeof (value as Partial<KyselyTransaction>).isTransaction === 'boolean'
  );
}

/** By what the objects of drivers have: Knex, Prisma, SQLite drivers, and pg, mysql2 or TypeORM. */
function adviceFor(given: unknown): string {
  if (has(given, 'raw')) return use('transaction: async (sql, parameters) => await trx.raw(sql, parameters)');
  if (has(given, '$queryRawUnsafe'))
    return use('transaction: (sql, parameters) => tx.$queryRawUnsafe(sql, ...parameters)');
  if (has(given, 'prepare') && has(given, 'exec'))
    return use('transactionSync: (sql, parameters) => db.prepare(sql).all(...parameters)');
  if (has(given, 'query')) return use('transaction: (sql, parameters) => client.query(sql, parameters)');
  return ' docs/guides/outbox.md has the function for each driver.';
}

function use(option: string): string {
  return ` Pass { ${option} }, on the connection that has the transaction.`;
}

function has(value: unknown, name: string): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as Record<string, unknown>)[name] === 'function';
}
