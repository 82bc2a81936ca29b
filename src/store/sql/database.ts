import type { Compilable } from 'kysely';
import type { Dialect } from './dialect.ts';
import { formatNotification, type NotificationKind } from './notification.ts';
import type { Row, Script, Statement } from './script.ts';
import { nameTables, type TableNames } from './tables.ts';
import { Template, type TemplateValues } from './template.ts';

/** Where notifications of Postgres go. */
export interface NotificationChannel {
  readonly channel: string;
  /** Who sends: a store passes over what it sent itself. */
  readonly instance: string;
}

/** Text of a statement for a database: `(db) => \`select … from ${db.names.lanes} …\``. Written once, at module level. */
export type TemplateText = (db: Database) => string;

/** What scripts work with: the dialect, the names of the tables, and ways to say something to the database. Holds no connection. */
export class Database {
  readonly dialect: Dialect;
  readonly names: TableNames;
  readonly #indexPrefix: string;
  readonly #templates = new Map<TemplateText, Template>();
  readonly #now: () => number | undefined;
  readonly #notifications: NotificationChannel | undefined;

  /**
   * @param now - the clock instead of that of the database, when it does not answer `undefined`
   * @param notifications - where to tell other processes what they may want to know; left out, nobody is told
   */
  constructor(options: {
    dialect: Dialect;
    prefix: string;
    schema?: string | undefined;
    now?: (() => number | undefined) | undefined;
    notifications?: NotificationChannel | undefined;
  }) {
    const { dialect, prefix, schema, now = () => undefined, notifications } = options;
    this.dialect = dialect;
    this.names = nameTables(prefix, schema);
    this.#now = now;
    this.#indexPrefix = prefix;
    this.#notifications = notifications;
  }

  /**
   * Behind the alias of a table whose rows are locked by a range of an index: `lanes l${db.byIndex('lanes_ready')}`. MySQL would read, sort, and
   * lock, all of a small table.
   */
  byIndex(name: string): string {
    return this.dialect.name === 'mysql' ? ` force index (${this.#indexPrefix}${name})` : '';
  }

  /** The time of the clock that the store was given, epoch ms: for a statement that otherwise takes the time itself. */
  get givenNow(): number | null {
    return this.#now() ?? null;
  }

  /** The time, epoch ms: that of the database, unless the store was given a clock. */
  *now(): Script<number> {
    const given = this.#now();
    if (given !== undefined) return given;
    const [row] = yield* this.query<{ now: unknown }>(selectNow);
    return Number(row!.now);
  }

  /** Runs a query written as a template. Wide integers may come as strings: read them with `Number`. */
  *query<R = Row>(text: TemplateText, values: TemplateValues = {}): Script<readonly R[]> {
    const statements = this.#template(text).bind(values);
    if (statements.length === 1) return (yield statements[0]!).rows as readonly R[];
    const rows: Row[] = [];
    for (const statement of statements) rows.push(...(yield statement).rows);
    return rows as readonly Row[] as readonly R[];
  }

  /** Runs a query after which nothing is said in the transaction, so that its commit need not wait for the answer. */
  *queryLast<R = Row>(text: TemplateText, values: TemplateValues = {}): Script<readonly R[]> {
    const { rows } = yield { ...this.bind(text, values), isLast: true };
    return rows as readonly R[];
  }

  /** Runs a change written as a template, whatever it answers: what follows need not wait for it. */
  *send(text: TemplateText, values: TemplateValues = {}): Script<void> {
    for (const statement of this.#template(text).bind(values)) yield { ...statement, isUnanswered: true };
  }

  /** Runs a change written as a template; how many rows it changed. */
  *run(text: TemplateText, values: TemplateValues = {}): Script<number> {
    let changed = 0;
    for (const statement of this.#template(text).bind(values)) changed += (yield statement).changed;
    return changed;
  }

  /**
   * Tells other processes, where the database can, that there is something for them: work that this process did not lease itself, messages to
   * match, changes. Sent after the commit; a hint that may be lost.
   */
  *notify(kind: NotificationKind): Script<void> {
    if (this.#notifications === undefined) return;
    const { channel, instance } = this.#notifications;
    const parameters = [channel, formatNotification(kind, instance)];
    yield { sql: 'select pg_notify($1, $2)', parameters, isFixed: true, isAfterCommit: true };
  }

  /** Runs what a query builder built. */
  *select<R>(query: Compilable<R>): Script<readonly R[]> {
    const { sql, parameters } = query.compile();
    const { rows } = yield { sql, parameters, isFixed: false };
    return rows as readonly R[];
  }

  /**
   * A statement for somebody else to run.
   *
   * @throws TypeError when it takes several, which only those with `dialect.each` do: a bug of the caller
   */
  bind(text: TemplateText, values: TemplateValues): Statement {
    const [statement, ...more] = this.#template(text).bind(values);
    if (statement === undefined || more.length > 0) throw new TypeError('It takes several statements.');
    return statement;
  }

  #template(text: TemplateText): Template {
    let template = this.#templates.get(text);
    if (template === undefined) {
      template = new Template(text(this), this.dialect);
      this.#templates.set(text, template);
    }
    return template;
  }
}

const selectNow: TemplateText = ({ dialect }) => `select ${dialect.now} as now`;
