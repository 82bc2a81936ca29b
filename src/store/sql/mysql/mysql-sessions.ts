import type { Row, Statement, StatementResult } from '../script.ts';
import type { Session, SessionSource } from '../session.ts';
import { OWN_SETTINGS } from './mysql-settings.ts';

/** A pool of `mysql2/promise`: the part of it that the store uses. */
export interface MysqlPool {
  getConnection(): Promise<MysqlConnection>;
  end(): Promise<void>;
}

/** A pool of `mysql2` with callbacks. */
export interface MysqlCallbackPool {
  getConnection(
    // As mysql2 declares it.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    callback: (error: any, connection: any) => any,
  ): void;
  promise(): MysqlPool;
}

/** A connection of `mysql2/promise`, taken from a pool. */
export interface MysqlConnection {
  query(options: MysqlQuery): Promise<[unknown, unknown]>;
  execute(options: MysqlQuery): Promise<[unknown, unknown]>;
  release(): void;
  destroy(): void;
}

/** What a connection has besides, though not every version of `mysql2` declares it: forgets a statement that was prepared. */
interface WithStatements {
  unprepare?(options: MysqlQuery): unknown;
}

/** What a connection of a pool of our own has besides: its socket, which is to keep the process alive only while somebody waits for it. */
interface WithSocket {
  readonly connection?: { readonly stream?: { ref?(): void; unref?(): void } };
}

/** What a pool of our own tells. The connections are those with callbacks. */
interface PoolEvents {
  on(
    event: 'connection',
    listener: (connection: { query(sql: string, callback: () => void): unknown }) => void,
  ): unknown;
}

/** Options of one query. They overrule those of the pool, which are made for queries of the application. */
export interface MysqlQuery {
  readonly sql: string;
  readonly values?: unknown[];
  readonly rowsAsArray: false;
  readonly nestTables: false;
  readonly namedPlaceholders: false;
  readonly supportBigNumbers: true;
  readonly bigNumberStrings: false;
  readonly typeCast: true;
}

/** Sessions of a `mysql2` pool. Statements that come again are prepared once on each connection. */
export class MysqlSessions implements SessionSource {
  readonly #pool: MysqlPool;
  readonly #isOwn: boolean;

  /**
   * @param isOwn - the pool was made for this store, and ends with it
   * @param timeoutMs - longest time that a transaction of an own pool may wait for its next statement
   */
  constructor(pool: MysqlPool, isOwn: boolean, timeoutMs: number) {
    this.#pool = pool;
    this.#isOwn = isOwn;
    if (isOwn) setUpConnections(pool as MysqlPool & PoolEvents, timeoutMs);
  }

  async acquire(): Promise<Session> {
    return new MysqlSession(await this.#pool.getConnection(), this.#isOwn);
  }

  async close(): Promise<void> {
    // It rejects when a connection was lost, or could not be made: that one is gone already.
    if (this.#isOwn) await this.#pool.end().catch(() => undefined);
  }
}

/**
 * These statements go ahead of the first one of each connection. A process that stands still in a transaction must not hold what others need; MySQL,
 * unlike MariaDB, has no such limit, and refuses it.
 */
function setUpConnections(pool: PoolEvents, timeoutMs: number): void {
  const seconds = Math.ceil(timeoutMs / 1_000);
  pool.on('connection', (connection) => {
    connection.query('set session transaction isolation level read committed', () => undefined);
    connection.query(OWN_SETTINGS, () => undefined);
    connection.query(`set session idle_transaction_timeout = ${seconds}`, () => undefined);
  });
}

class MysqlSession implements Session {
  readonly isPipelined = false;
  readonly #connection: MysqlConnection;
  readonly #isOwn: boolean;
  readonly #socket: { ref?(): void; unref?(): void } | undefined;

  constructor(connection: MysqlConnection, isOwn: boolean) {
    this.#connection = connection;
    this.#isOwn = isOwn;
    this.#socket = isOwn ? (connection as WithSocket).connection?.stream : undefined;
    this.#socket?.ref?.();
  }

  async execute({ sql, parameters, isFixed }: Statement): Promise<StatementResult> {
    const answer = await this.#send(toQuery(sql, parameters as unknown[]), isFixed);
    if (Array.isArray(answer)) return { rows: answer as readonly Row[], changed: 0 };
    return { rows: [], changed: (answer as { affectedRows: number }).affectedRows };
  }

  /**
   * Values go beside the text, never into it: how the driver escapes them is wrong where the mode of the session is `NO_BACKSLASH_ESCAPES`, and a value
   * becomes part of the statement.
   */
  async #send(query: MysqlQuery, isFixed: boolean): Promise<unknown> {
    if (!isFixed && query.values?.length === 0) return (await this.#connection.query(query))[0];
    const [answer] = await this.#connection.execute(query);
    // One of very many texts: driver and server would keep them all.
    if (!isFixed) (this.#connection as WithStatements).unprepare?.(query);
    return answer;
  }

  async begin(): Promise<void> {
    // For the next transaction only: the connection is the application's, too.
    if (!this.#isOwn) await this.#connection.query(toQuery('set transaction isolation level read committed'));
    await this.#connection.query(toQuery('start transaction'));
  }

  async commit(): Promise<void> {
    await this.#connection.query(toQuery('commit'));
  }

  async rollback(): Promise<void> {
    await this.#connection.query(toQuery('rollback'));
  }

  release(isBroken: boolean): void {
    this.#socket?.unref?.();
    if (isBroken) this.#connection.destroy();
    else this.#connection.release();
  }
}

function toQuery(sql: string, values?: unknown[]): MysqlQuery {
  return {
    sql,
    ...(values !== undefined && { values }),
    rowsAsArray: false,
    nestTables: false,
    namedPlaceholders: false,
    supportBigNumbers: true,
    bigNumberStrings: false,
    typeCast: true,
  };
}
