import type { ParameterStyle } from './template.ts';

/** The families of SQL that the store speaks. */
export type DialectName = 'sqlite' | 'postgres' | 'mysql';

/** Type of a column of many rows that are handed to a statement; `key`: text of at most 256 characters, by which MySQL can look up. */
export type RowColumn = 'text' | 'key' | 'int';

/** The few things that databases say differently. All instants are epoch milliseconds in `bigint` columns. */
export interface Dialect extends ParameterStyle {
  readonly name: DialectName;
  /** Expression: the time of the database, epoch ms. */
  readonly now: string;
  /**
   * A table expression with the columns given and `ord` (from 0 or 1, in order), read from the rows that the template gets as
   * parameter `name`: `from ${dialect.rows('d', { id: 'text', seq: 'int' })}`. The alias is `name`.
   */
  rows(name: string, columns: Readonly<Record<string, RowColumn>>): string;
  /**
   * The same without `ord`, for a statement that does with each row what it would do with it alone: it may be run several times, for some of the rows each, in
   * their order. Once in a statement.
   */
  each(name: string, columns: Readonly<Record<string, RowColumn>>): string;
  /** Ends a query of rows that came by `each`: in their order, where they do not come in it by themselves. */
  inOrderOf(name: string): string;
  /**
   * Joins rows that were handed over with a table that is looked up for each of them, in their order: `from ${rows} ${lookup} lanes l on …`.
   * On MySQL a locking query that reads the table first would lock all of it.
   */
  readonly lookup: 'join' | 'cross join' | 'straight_join';
  /**
   * Condition: an indexed column is `value`, which another table or row has, and by which it is to be looked up. Postgres would read a table whole that was all
   * but empty when it was last analyzed, and go on when it has grown; with an equality that it cannot sort by, it has no other way.
   */
  is(column: string, value: string): string;
  /** Expression: what an indexed number is, to sort by, or to ask for besides, when the rows are looked up by another one. For the same reason as {@link is}. */
  value(column: string): string;
  /**
   * Behind the alias of a table that is looked up by its primary key, and locked: `${lookup} lanes l${byPrimaryKey} on l.id = wanted.id`. MySQL would read,
   * and lock, all of a small table.
   */
  readonly byPrimaryKey: string;
  /** A parameter whose type the statement does not show: a whole number, or text. */
  int(expression: string): string;
  text(expression: string): string;
  /** False where a transaction owns the whole database. */
  readonly locksRows: boolean;
  /** Ends a query that locks what it reads: ` for update`, or nothing where a transaction owns the whole database. */
  readonly forUpdate: string;
  /** The same, passing over what others have locked. */
  readonly skipLocked: string;
  /** Ends a query that keeps what it reads from being removed until the transaction ends. */
  readonly keepRows: string;
  /**
   * Ends an insert: `onConflict(['id'], { n: 'lanes.n + :new(n)' })`. `:new(n)` in an expression is the value that was to be inserted; the
   * existing row is named by its table. Without changes, the insert does nothing.
   */
  onConflict(key: readonly string[], changes: Readonly<Record<string, string>>): string;
  /** Ends an insert that leaves rows as they are that are there, and locks them. */
  onConflictLock(key: readonly string[]): string;
  /**
   * A whole `update` of many rows: sets `changes` (column to expression) of the rows of `table` (alias `t`) that meet `on`, which compares
   * their primary key with `rows`.
   */
  updateFrom(params: {
    readonly table: string;
    readonly rows: string;
    readonly on: string;
    readonly changes: Readonly<Record<string, string>>;
  }): string;
  /** A whole `delete` of the rows of `table` whose `column` is a `value` of `rows`. */
  deleteFrom(params: {
    readonly table: string;
    readonly column: string;
    /** The column is the primary key. */
    readonly isPrimaryKey: boolean;
    readonly rows: string;
    readonly value: string;
  }): string;
  /** Inserts and updates can answer with rows (`returning`). */
  readonly hasReturning: boolean;
  /** Derived tables can see the columns of those before them (`lateral`). */
  readonly hasLateral: boolean;
  /** The smaller or larger of expressions that are not null. */
  least(first: string, second: string): string;
  greatest(first: string, second: string): string;
}
