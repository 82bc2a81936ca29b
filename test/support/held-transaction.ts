import type { Database } from '../../src/store/sql/database.ts';
import { runAsync } from '../../src/store/sql/run-script.ts';
import type { Script, Statement } from '../../src/store/sql/script.ts';
import type { Session } from '../../src/store/sql/session.ts';
import type { TestDatabase } from './sql-databases.ts';

/** A transaction that a test keeps open, to see what others do meanwhile. */
export class HeldTransaction {
  readonly #db: Database;
  readonly #session: Session;

  private constructor(db: Database, session: Session) {
    this.#db = db;
    this.#session = session;
  }

  static async begin({ db, sessions }: TestDatabase): Promise<HeldTransaction> {
    if (sessions === undefined)
      throw new TypeError('All transactions of this database share one connection.');
    const session = await sessions.acquire();
    await session.begin();
    return new HeldTransaction(db, session);
  }

  /** Runs a script within the transaction. */
  run<T>(begin: (db: Database) => Script<T>): Promise<T> {
    return runAsync(begin(this.#db), (statement) => this.#session.execute(statement));
  }

  /** Runs a script up to the first statement that matches; the function runs the rest. */
  async runUpTo<T>(pattern: RegExp, begin: (db: Database) => Script<T>): Promise<() => Promise<T>> {
    const script = begin(this.#db);
    let step = script.next();
    while (step.done !== true && !pattern.test(step.value.sql))
      step = script.next(await this.#session.execute(step.value));
    if (step.done === true) throw new TypeError(`No statement matches ${String(pattern)}.`);
    const first = step.value;
    return () => runAsync(resume(script, first), (statement) => this.#session.execute(statement));
  }

  async commit(): Promise<void> {
    await this.#session.commit();
    this.#session.release(false);
  }

  async rollback(): Promise<void> {
    await this.#session.rollback();
    this.#session.release(false);
  }
}

function* resume<T>(script: Script<T>, first: Statement): Script<T> {
  let step = script.next(yield first);
  while (step.done !== true) step = script.next(yield step.value);
  return step.value;
}

/** Resolves as soon as another transaction of this database waits for a lock. */
export async function someoneWaits(database: TestDatabase): Promise<void> {
  const isWaiting = database.db.dialect.name === 'postgres' ? isWaitingOnPostgres : isWaitingOnMysql;
  while (!(await database.run(isWaiting)));
}

function* isWaitingOnPostgres({ names }: Database): Script<boolean> {
  const [schema] = names.lanes.split('.');
  const sql = 'select 1 from pg_stat_activity where wait_event_type = $1 and query like $2';
  const { rows } = yield { sql, parameters: ['Lock', `%${schema}%`], isFixed: false };
  return rows.length > 0;
}

/** From the report of the engine: the tables of transactions are out of date while somebody goes on reading them. */
function* isWaitingOnMysql(): Script<boolean> {
  const ids = yield {
    sql: 'select id from information_schema.processlist where db = database()',
    parameters: [],
    isFixed: false,
  };
  const report = yield { sql: 'show engine innodb status', parameters: [], isFixed: false };
  const transactions = String(report.rows[0]!['Status']).split('---TRANSACTION').slice(1);
  const waiting = transactions.filter((text) => text.includes('LOCK WAIT'));
  return ids.rows.some(({ id }) => waiting.some((text) => text.includes(`thread id ${String(id)},`)));
}
