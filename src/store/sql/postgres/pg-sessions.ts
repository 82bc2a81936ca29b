import { createHash } from 'node:crypto';
import type { Row, Statement, StatementResult } from '../script.ts';
import type { Session, SessionSource } from '../session.ts';
import { DURABLE_COMMIT } from './durable-commit.ts';

/** A pool of `pg`: the part of it that the store uses. */
export interface PgPool {
  connect(): Promise<PgClient>;
  end(): Promise<void>;
  /** What its connections are made of. */
  readonly options: object;
}

/** A client of `pg`, taken from a pool. */
export interface PgClient {
  query(query: { readonly text: string; readonly values?: unknown[]; readonly name?: string }): Promise<{
    readonly rows: unknown[];
    readonly rowCount: number | null;
    readonly command: string;
  }>;
  release(isBroken?: boolean): void;
  /** It sends what it is given at once, and does not wait for what is under way. */
  readonly pipeline?: boolean;
  readonly connection?: { readonly stream?: { destroy(): unknown } };
  on(event: 'error', listener: () => void): unknown;
  off(event: 'error', listener: () => void): unknown;
}

/** Sessions of a `pg` pool. Statements that come again are prepared once on each connection. */
export class PgSessions implements SessionSource {
  readonly #pool: PgPool;
  readonly #isOwn: boolean;
  readonly #begin: string;
  readonly #names = new Map<string, string>();

  /**
   * @param isOwn - the pool was made for this store, and ends with it
   * @param timeoutMs - longest time that a transaction may wait for its next statement
   */
  constructor(pool: PgPool, isOwn: boolean, timeoutMs: number) {
    this.#pool = pool;
    this.#isOwn = isOwn;
    this.#begin = beginWith(timeoutMs);
  }

  async acquire(): Promise<Session> {
    return new PgSession(await this.#pool.connect(), {
      begin: this.#begin,
      nameOf: this.#nameOf,
      isOwn: this.#isOwn,
    });
  }

  async close(): Promise<void> {
    if (this.#isOwn) await this.#pool.end();
  }

  /** By the text alone: connections of a pool outlive this, and may have prepared statements of other stores. */
  readonly #nameOf = (sql: string): string => {
    let name = this.#names.get(sql);
    if (name === undefined) {
      name = `posthorn_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
      this.#names.set(sql, name);
    }
    return name;
  };
}

/**
 * Statements of transactions look up a few rows by their keys. Postgres keeps the plan that it made while the tables were empty, which reads them whole,
 * until it has analyzed them: four times dearer after 20,000 deliveries, and more with each. What it must not do costs it so much on paper that compiling the
 * plan would seem worth a third of a second. Plans for the values of one call gain nothing, and would cost each claim half a millisecond. And a process that stands still in a transaction must not hold what others need. Sent in one go.
 */
function beginWith(timeoutMs: number): string {
  return [
    'begin isolation level read committed',
    'set local enable_seqscan = off',
    'set local enable_hashjoin = off',
    'set local enable_mergejoin = off',
    'set local jit = off',
    'set local plan_cache_mode = force_generic_plan',
    `set local idle_in_transaction_session_timeout = ${timeoutMs}`,
    DURABLE_COMMIT,
  ].join('; ');
}

class PgSession implements Session {
  readonly isPipelined: boolean;
  readonly #client: PgClient;
  readonly #begin: string;
  readonly #nameOf: (sql: string) => string;
  readonly #isOwn: boolean;
  #hasFailed = false;
  /**
   * A connection that is lost between two statements is told by an event, and the pool does not listen while the client is taken: unheard,
   * it would end the process. The next statement fails by itself.
   */
  readonly #onError = (): void => {
    this.#hasFailed = true;
  };

  constructor(
    client: PgClient,
    { begin, nameOf, isOwn }: { begin: string; nameOf: (sql: string) => string; isOwn: boolean },
  ) {
    this.#client = client;
    this.#begin = begin;
    this.#nameOf = nameOf;
    this.#isOwn = isOwn;
    this.isPipelined = client.pipeline === true;
    client.on('error', this.#onError);
  }

  /**
   * V8 comes to make queries among old objects, where one that is answered would keep what it was asked, and answered, until a full garbage collection: so
   * they are emptied. Not those of a pool that somebody else has, who may look at them.
   */
  async execute({ sql, parameters, isFixed }: Statement): Promise<StatementResult> {
    const values = [...parameters];
    try {
      const { rows, rowCount, command } = await this.#client.query({
        text: sql,
        values,
        ...(isFixed && { name: this.#nameOf(sql) }),
      });
      return {
        rows: (this.#isOwn ? rows.splice(0) : rows) as readonly Row[],
        changed: command === 'SELECT' ? 0 : (rowCount ?? 0),
      };
    } finally {
      if (this.#isOwn) values.length = 0;
    }
  }

  async begin(): Promise<void> {
    await this.#client.query({ text: this.#begin });
  }

  async commit(): Promise<void> {
    await this.#client.query({ text: 'commit' });
  }

  async rollback(): Promise<void> {
    await this.#client.query({ text: 'rollback' });
  }

  release(isBroken: boolean): void {
    // With statements under way, the pool would wait for their answers before it lets go of a pipelined one.
    if (isBroken && this.isPipelined) this.#client.connection?.stream?.destroy();
    this.#client.release(isBroken || this.#hasFailed);
    // Only now: the pool listens again, or has ended the client, whose end may still be told.
    if (!isBroken && !this.#hasFailed) this.#client.off('error', this.#onError);
  }
}
