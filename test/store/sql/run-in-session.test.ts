import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { PgSessions } from '../../../src/store/sql/postgres/pg-sessions.ts';
import { runInSession } from '../../../src/store/sql/run-in-session.ts';
import type { Script, Statement } from '../../../src/store/sql/script.ts';
import type { Session } from '../../../src/store/sql/session.ts';
import { SessionRunner } from '../../../src/store/sql/session-runner.ts';
import { postgresUrl } from '../../support/ask-setup.ts';
import { turn } from '../../support/world.ts';

const toStatement = (sql: string): Statement => ({ sql, parameters: [], isFixed: false });

/** Says what it is told to, and answers when it is let. */
class SlowSession implements Session {
  readonly isPipelined: boolean;
  readonly said: string[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(isPipelined: boolean) {
    this.isPipelined = isPipelined;
  }

  async execute({ sql }: Statement): Promise<{ rows: readonly []; changed: number }> {
    await this.#say(sql);
    return { rows: [], changed: 0 };
  }

  begin = (): Promise<void> => this.#say('begin');
  commit = (): Promise<void> => this.#say('commit');
  rollback = (): Promise<void> => this.#say('rollback');
  release = (): void => undefined;

  /** Answers what was said so far, and returns it. */
  async answer(): Promise<string> {
    await turn();
    const said = this.said.splice(0).join();
    for (const answer of this.#waiting.splice(0)) answer();
    await turn();
    return said;
  }

  #say(what: string): Promise<void> {
    this.said.push(what);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function* changes(): Script<string> {
  yield { ...toStatement('one'), isUnanswered: true };
  yield toStatement('two');
  yield { ...toStatement('three'), isUnanswered: true };
  yield { ...toStatement('four'), isLast: true };
  yield { ...toStatement('hint'), isAfterCommit: true };
  return 'done';
}

describe('a script in a session', () => {
  it.each([
    [true, ['begin,one,two', 'three,four,commit']],
    [false, ['begin', 'one', 'two', 'three', 'four', 'commit']],
  ])('waits for the answers that are needed (pipelined: %s)', async (isPipelined, trips) => {
    const session = new SlowSession(isPipelined);
    const late: Statement[] = [];
    const result = runInSession(session, true, changes(), late);
    const seen: string[] = [];
    for (const _ of trips) seen.push(await session.answer());
    expect(seen).toEqual(trips);
    expect(await result).toBe('done');
    expect(late).toEqual([{ ...toStatement('hint'), isAfterCommit: true }]);
  });

  it('has no commit without a transaction', async () => {
    const session = new SlowSession(true);
    const result = runInSession(session, false, changes(), []);
    expect([await session.answer(), await session.answer()]).toEqual(['one,two', 'three,four']);
    expect(await result).toBe('done');
  });
});

describe.each([true, false])('a transaction of PostgreSQL (pipelined: %s)', (pipeline) => {
  const table = `run_in_session_${pipeline}`;
  const insert = (id: number | string): Statement => toStatement(`insert into ${table} values (${id})`);

  interface World extends AsyncDisposable {
    run(...statements: Statement[]): Promise<void>;
    ids(): Promise<number[]>;
  }

  async function setup(): Promise<World> {
    const pool = new pg.Pool({ connectionString: await postgresUrl(), max: 1, pipeline });
    await pool.query(`create temporary table ${table} (id int primary key)`);
    const runner = new SessionRunner({ source: new PgSessions(pool, true, 10_000), timeoutMs: 10_000 });
    return {
      run: (...statements) =>
        runner.run(true, function* () {
          for (const statement of statements) yield statement;
        }),
      ids: async () => (await pool.query<{ id: number }>(`select id from ${table}`)).rows.map(({ id }) => id),
      [Symbol.asyncDispose]: () => runner.close(),
    };
  }

  it('is committed when its script has ended', async () => {
    await using world = await setup();
    const { run, ids } = world;
    await run({ ...insert(1), isUnanswered: true }, insert(2), { ...insert(3), isLast: true });
    await run({ ...insert(4), isUnanswered: true });
    expect(await ids()).toEqual([1, 2, 3, 4]);
  });

  const unanswered = (statement: Statement): Statement => ({ ...statement, isUnanswered: true });
  const last = (statement: Statement): Statement => ({ ...statement, isLast: true });
  const bad = insert(`'none'`);

  it('closes a connection that is given up, whatever is under way on it', async () => {
    const pool = new pg.Pool({ connectionString: await postgresUrl(), max: 1, pipeline });
    const session = await new PgSessions(pool, true, 10_000).acquire();
    const given = session.execute(toStatement('select pg_sleep(60)'));
    session.release(true);
    await expect(given).rejects.toThrow('Connection terminated');
    await pool.end();
  });

  it.each<[string, Statement[]]>([
    ['one whose answer nobody reads', [unanswered(bad), insert(1)]],
    ['one whose answer nobody reads, and the last follows', [unanswered(bad), last(insert(1))]],
    ['one whose answer nobody reads, and nothing follows', [unanswered(bad)]],
    ['the last', [insert(1), last(bad)]],
    ['the last, behind one whose answer nobody reads', [unanswered(insert(1)), last(bad)]],
  ])('fails as a whole, with the error of the statement: %s', async (_, statements) => {
    await using world = await setup();
    const { run, ids } = world;
    await expect(run(...statements)).rejects.toMatchObject({ code: '22P02' });
    expect(await ids()).toEqual([]);
    await run(insert(2));
    expect(await ids()).toEqual([2]);
  });
});
