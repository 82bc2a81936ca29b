import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { laneLimitsOf } from '../../../src/core/endpoint.ts';
import { Database } from '../../../src/store/sql/database.ts';
import type { Operation } from '../../../src/store/sql/operation.ts';
import { OPERATIONS } from '../../../src/store/sql/operations.ts';
import { migrate } from '../../../src/store/sql/schema/migrate.ts';
import type { Script, Statement } from '../../../src/store/sql/script.ts';
import { SqliteConnection } from '../../../src/store/sql/sqlite/sqlite-connection.ts';
import { sqliteDialect } from '../../../src/store/sql/sqlite/sqlite-dialect.ts';
import type { LeasedDelivery } from '../../../src/store/store.ts';
import { fillBacklog } from '../../support/sql-backlog.ts';
import { sqlDatabases } from '../../support/sql-databases.ts';
import { fillRows } from '../../support/sql-rows.ts';
import { putting } from './endpoint-fixtures.ts';
import { batch, claiming, delivery, entry, leaseOf, settlement } from './fixtures.ts';

/** Runs a script in a transaction, or as one. */
type Run = <T>(begin: (db: Database) => Script<T>) => Promise<T>;

function* record<T>(script: Script<T>, statements: Statement[]): Script<T> {
  let step = script.next();
  while (step.done !== true) {
    statements.push(step.value);
    step = script.next(yield step.value);
  }
  return step.value;
}

/** Calls the operations that deliveries go through, with work in all lanes; the statements that they used. */
async function recordStatements(run: Run): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  const call = <P, R>(operation: Operation<P, R>, params: P): Promise<R> =>
    run((db) => record(operation.script(db, params), statements));
  const entries = Array.from({ length: 20 }, (_, index) =>
    entry([delivery(`lane_${index}`), delivery('ordered', { orderingKey: 'key' })], {
      idempotencyKey: `new_${index}`,
    }),
  );
  await call(OPERATIONS.append, batch([...entries, entries[0]!]));
  const limits = laneLimitsOf({ maxConcurrencyTotal: 100 });
  for (let lane = 0; lane < 20; lane += 1)
    await call(OPERATIONS.putEndpoint, putting({ id: `lane_${lane}`, limits }));
  const freeSlots = new Map([['paused', 0]]);
  const { leased, rescued } = await call(OPERATIONS.claimDue, claiming({ limit: 60, freeSlots }));
  expect([leased.length, rescued.length]).toEqual([60, 50]);
  const [ordered, others] = [leased.filter((one) => one.ordered), leased.filter((one) => !one.ordered)];
  await call(OPERATIONS.renew, { leases: leased.map(leaseOf), leaseMs: 60_000 });
  for (const some of [others.slice(0, 30), others.slice(30)])
    expect(some.filter(({ counted }) => counted).length).toBeGreaterThan(0);
  const succeed = (all: readonly LeasedDelivery[]): Promise<unknown> =>
    call(OPERATIONS.settle, { settlements: all.map((one) => settlement(one, { kind: 'succeeded' })) });
  expect(ordered).toHaveLength(1);
  await succeed(ordered);
  await succeed(others.slice(0, 30));
  await call(OPERATIONS.release, { leases: others.slice(30).map(leaseOf) });
  const { claims } = await call(OPERATIONS.claimFanOut, { limit: 5, leaseMs: 60_000, lease: 'token' });
  expect(claims).toHaveLength(5);
  const results = claims.map(({ message, lease }) => ({
    messageId: message.id,
    lease,
    deliveries: [delivery('lane_5')],
  }));
  await call(OPERATIONS.completeFanOut, { results, turn: 'token' });
  const bySql = new Map(statements.map((statement) => [statement.sql, statement]));
  return [...bySql.values()];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Indexes that are read from their beginning, up to the first row. */
const READ_FROM_THE_FRONT = ['posthorn_deliveries_lease', 'posthorn_lanes_ready'];

/** What the index of all that waits says by itself. */
function isOfAll(condition: string | undefined): boolean {
  return condition === undefined || /^\(\w+ IS NOT NULL\)$/.test(condition);
}

/** Nodes that read all of a large table, or all of an index of it. */
function findScans(node: PlanNode): readonly string[] {
  const { 'Relation Name': table, 'Index Name': index, 'Index Cond': condition } = node;
  const nested = (node.Plans ?? []).flatMap(findScans);
  // A bitmap names its index alone.
  const isLarge = /_(messages|deliveries|attempts)(_|$)/.test(table ?? index ?? '');
  const isScan = /^(Seq|Index|Index Only|Bitmap Index) Scan$/.test(node['Node Type']) && isOfAll(condition);
  if (!isLarge || !isScan || READ_FROM_THE_FRONT.includes(index ?? '')) return nested;
  return [`${node['Node Type']} of ${table ?? ''} ${index ?? ''}`, ...nested];
}

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value);

/** What statements would read whole, in plans for their parameters and for any, with the tables of a database as they are. */
function* explainAll(statements: readonly Statement[]): Script<readonly unknown[]> {
  const ask = function* (sql: string): Script<readonly Record<string, unknown>[]> {
    return (yield { sql, parameters: [], isFixed: false }).rows;
  };
  const scans: unknown[] = [];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    yield* ask(`set local plan_cache_mode = ${mode}`);
    for (const { sql, parameters } of statements) {
      yield* ask(`prepare statement as ${sql}`);
      const values = parameters.length === 0 ? '' : `(${parameters.map(literal).join(', ')})`;
      const [row] = yield* ask(`explain (format json) execute statement${values}`);
      yield* ask('deallocate statement');
      const [{ Plan }] = row!['QUERY PLAN'] as [{ Plan: PlanNode }];
      const found = findScans(Plan);
      if (found.length > 0) scans.push({ mode, sql, found });
    }
  }
  return scans;
}

describe.each(sqlDatabases().filter(({ name }) => name === 'postgres'))(
  'query plans on $name',
  ({ create }) => {
    it('look up rows by an index, in full tables and as they were planned while they were empty, or nothing waited', async () => {
      const database = await create();
      await database.run((db) => fillBacklog(db, database.clock.now()));
      const statements = await recordStatements((begin) => database.run(begin));
      expect(await database.run(() => explainAll(statements))).toEqual([]);
      const names = Object.values(database.db.names).join(', ');
      const finished = { endpoint: 'i % 10', tenant: `'default'`, state: `'succeeded'`, readyAt: 'null' };
      for (const rows of [0, 1_000]) {
        const found = await database.run(function* (db) {
          yield { sql: `truncate ${names}`, parameters: [], isFixed: false };
          if (rows > 0) yield* fillRows(db, rows, finished);
          yield { sql: `analyze ${names}`, parameters: [], isFixed: false };
          return yield* explainAll(statements);
        });
        expect(found, `${rows} finished deliveries`).toEqual([]);
      }
      await database.close();
    }, 60_000);
  },
);

describe('query plans on libsql', () => {
  it('look up rows by an index', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-'));
    const handle = new Libsql(join(folder, 'plans.db'));
    const connection = new SqliteConnection(handle);
    const db = new Database({ dialect: sqliteDialect, prefix: 'posthorn_', now: () => 1_000_000 });
    const run = async <T>(begin: (db: Database) => Script<T>): Promise<T> => connection.run(true, begin(db));
    await migrate(
      { run: (_, begin) => run(begin), close: async () => undefined },
      { dialect: 'sqlite', prefix: 'posthorn_', schema: undefined, autoMigrate: true },
    );
    await run(() => fillBacklog(db, 1_000_000));
    const statements = await recordStatements(run);
    // On another connection: libsql does not end the explanation of an update.
    const explaining = new Libsql(join(folder, 'plans.db'));
    const scans = statements.flatMap(({ sql, parameters }) => {
      const steps = explaining.prepare(`explain query plan ${sql}`).all(parameters) as { detail: string }[];
      const found = steps.map(({ detail }) => detail).filter(isScanOnSqlite);
      return found.length === 0 ? [] : [{ sql, found }];
    });
    expect(scans).toEqual([]);
    explaining.close();
    connection.close();
    rmSync(folder, { recursive: true });
  }, 60_000);
});

/** As JSON, or as values, with the subquery around them. No table is called so. */
const HANDED_OVER = /json_each|^SCAN (\d+ )?CONSTANT ROWS?$|^SCAN \(subquery-\d+\)$/;

/** Rows that were handed over are scanned, and indexes of which the first row is wanted. */
function isScanOnSqlite(detail: string): boolean {
  if (!detail.startsWith('SCAN') || HANDED_OVER.test(detail)) return false;
  return !READ_FROM_THE_FRONT.some((index) => detail.includes(index));
}
