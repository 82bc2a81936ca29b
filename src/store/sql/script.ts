/**
 * Scripts: what an operation says to the database, statement by statement, without knowing whether the driver answers
 * at once (SQLite) or later (a server). One generator serves both: a runner drives it, in one transaction.
 */

/** One statement with its parameters, in the placeholders of its dialect. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Its text is one of a few: worth preparing once and keeping. */
  readonly isFixed: boolean;
  /**
   * A hint for other processes, to be sent when the transaction is committed, or soon after. Inside it, it would make all commits of the server wait
   * for one another, and come before what it tells of when sent too early. It answers nothing.
   */
  readonly isAfterCommit?: boolean;
  /** Nobody reads its answer: what follows may be sent before it is there. When it fails, the next statement, or the commit, fails with its error. */
  readonly isUnanswered?: boolean;
  /** Nothing follows in its transaction: the commit may be sent with it. */
  readonly isLast?: boolean;
}

/** A row as a driver gives it: wide integers may be strings. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement answered. */
export interface StatementResult {
  readonly rows: readonly Row[];
  /** Rows that it changed; 0 for a query. */
  readonly changed: number;
}

/** Yields statements, takes their results, returns what it was for. */
export type Script<T> = Generator<Statement, T, StatementResult>;
