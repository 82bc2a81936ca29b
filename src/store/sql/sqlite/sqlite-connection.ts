import { runSync } from '../run-script.ts';
import type { Script, Statement, StatementResult } from '../script.ts';
import type { FileWatch } from './file-watch.ts';

/** A database of better-sqlite3, libsql or node:sqlite: the part of them that the store uses. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

/** A prepared statement of such a database. */
export interface SqliteStatement {
  /** Whether it answers with rows; node:sqlite does not say. */
  readonly reader?: boolean;
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): { readonly changes: number | bigint };
}

/** What became of one script of a group. */
export type GroupOutcome = { readonly kind: 'done'; readonly result: unknown } | { readonly kind: 'failed' };

export interface SqliteConnectionOptions {
  /** The database was opened for the store, and closes with it. Default true. */
  readonly isOwn?: boolean;
  /** Asked before each transaction whether the file is there. A database in memory has none. */
  readonly watch?: FileWatch;
}

/** Runs scripts on one connection, without ever leaving a transaction open behind a call. */
export class SqliteConnection {
  readonly #database: SqliteDatabase;
  readonly #isOwn: boolean;
  readonly #watch: FileWatch | undefined;
  readonly #prepared = new Map<string, PreparedStatement>();

  constructor(database: SqliteDatabase, { isOwn = true, watch }: SqliteConnectionOptions = {}) {
    this.#database = database;
    this.#isOwn = isOwn;
    this.#watch = watch;
  }

  run<T>(isTransaction: boolean, script: Script<T>): T {
    if (!isTransaction) return runSync(script, this.#execute);
    this.#watch?.check();
    // A deferred transaction that turns into a writing one fails at once when somebody else wrote meanwhile.
    this.#database.exec('begin immediate');
    try {
      const result = runSync(script, this.#execute);
      this.#database.exec('commit');
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Runs scripts in one transaction. One that fails is undone, and the others stay. */
  runGroup(scripts: readonly (() => Script<unknown>)[]): readonly GroupOutcome[] {
    this.#watch?.check();
    this.#database.exec('begin immediate');
    try {
      const outcomes = scripts.map((begin) => this.#runInSavepoint(begin()));
      this.#database.exec('commit');
      return outcomes;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** @throws what ended the whole transaction: a full disk does */
  #runInSavepoint(script: Script<unknown>): GroupOutcome {
    this.#database.exec('savepoint posthorn');
    try {
      const result = runSync(script, this.#execute);
      this.#database.exec('release posthorn');
      return { kind: 'done', result };
    } catch (error) {
      if (!this.#undoSavepoint()) throw error;
      return { kind: 'failed' };
    }
  }

  /** False when the whole transaction is gone. */
  #undoSavepoint(): boolean {
    try {
      this.#database.exec('rollback to posthorn');
      this.#database.exec('release posthorn');
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#prepared.clear();
    if (this.#isOwn) this.#database.close();
  }

  /** Some errors (a full disk) roll back by themselves, and there is nothing left to roll back. */
  #rollback(): void {
    try {
      this.#database.exec('rollback');
    } catch {
      // The error of the script says more.
    }
  }

  readonly #execute = ({ sql, parameters, isFixed }: Statement): StatementResult => {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      prepared = new PreparedStatement(this.#database.prepare(sql), sql);
      if (isFixed) this.#prepared.set(sql, prepared);
    }
    return prepared.execute(parameters);
  };
}

const ANSWERS_ROWS = /^\s*(select|with|values|pragma|explain)\b|\breturning\b/i;
const IS_QUERY = /^\s*(select|with|values|pragma|explain)\b/i;

class PreparedStatement {
  readonly #statement: SqliteStatement;
  readonly #answersRows: boolean;
  readonly #isQuery: boolean;
  /** better-sqlite3 and libsql take parameters as one array (libsql mistakes a single null for one), node:sqlite one by one. */
  readonly #takesArray: boolean;

  constructor(statement: SqliteStatement, sql: string) {
    this.#statement = statement;
    this.#takesArray = typeof statement.reader === 'boolean';
    this.#answersRows = statement.reader ?? ANSWERS_ROWS.test(sql);
    this.#isQuery = IS_QUERY.test(sql);
  }

  execute(parameters: readonly unknown[]): StatementResult {
    const given = this.#takesArray ? [parameters] : parameters;
    if (this.#answersRows) {
      const rows = this.#statement.all(...given) as StatementResult['rows'];
      return { rows, changed: this.#isQuery ? 0 : rows.length };
    }
    return { rows: [], changed: Number(this.#statement.run(...given).changes) };
  }
}
