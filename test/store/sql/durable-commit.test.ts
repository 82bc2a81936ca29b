/** What a transaction of the store waits for when it is committed, whatever the connections of PostgreSQL were told. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { KyselyRunner } from '../../../src/store/sql/kysely/kysely-runner.ts';
import { PgSessions } from '../../../src/store/sql/postgres/pg-sessions.ts';
import type { ScriptRunner } from '../../../src/store/sql/script-runner.ts';
import { SessionRunner } from '../../../src/store/sql/session-runner.ts';
import { postgresUrl } from '../../support/ask-setup.ts';

const TIMEOUT_MS = 10_000;

const RUNNERS: Readonly<Record<string, (pool: pg.Pool) => ScriptRunner>> = {
  pg: (pool) => new SessionRunner({ source: new PgSessions(pool, false, TIMEOUT_MS), timeoutMs: TIMEOUT_MS }),
  kysely: (pool) =>
    new KyselyRunner(new Kysely({ dialect: new PostgresDialect({ pool }) }), {
      dialect: 'postgres',
      isOwn: false,
      timeoutMs: TIMEOUT_MS,
    }),
};

async function read(runner: ScriptRunner, isTransaction: boolean): Promise<unknown> {
  return await runner.run(isTransaction, function* () {
    const sql = `select current_setting('synchronous_commit') as setting`;
    const { rows } = yield { sql, parameters: [], isFixed: false };
    return rows[0]!['setting'];
  });
}

describe.each(Object.keys(RUNNERS))('a transaction through %s', (name) => {
  it.each([
    ['off', 'on'],
    ['on', 'on'],
    ['local', 'local'],
    ['remote_apply', 'remote_apply'],
  ])('of a connection with synchronous_commit = %s has %s', async (setting, expected) => {
    const pool = new pg.Pool({
      connectionString: await postgresUrl(),
      max: 1,
      options: `-c synchronous_commit=${setting}`,
    });
    try {
      const runner = RUNNERS[name]!(pool);
      expect(await read(runner, true)).toBe(expected);
      expect(await read(runner, false)).toBe(setting);
    } finally {
      await pool.end();
    }
  });
});
