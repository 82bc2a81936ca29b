import { describe, expect, it } from 'vitest';
import { runAsync } from '../../../src/store/sql/run-script.ts';
import type { Session } from '../../../src/store/sql/session.ts';
import { troubleOf } from '../../../src/store/sql/trouble.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { statement } from '../../support/sql-rows.ts';
import { until } from '../../support/world.ts';

const servers = sqlDatabases().filter(({ name }) => name !== 'libsql');

/** How to end a connection, as an administrator would, and to see that it is gone. */
const WORDS = {
  postgres: {
    own: 'select pg_backend_pid() as id',
    end: (id: number) => `select pg_terminate_backend(${id})`,
    find: (id: number) => `select 1 from pg_stat_activity where pid = ${id}`,
  },
  mysql: {
    own: 'select connection_id() as id',
    end: (id: number) => `kill ${id}`,
    find: (id: number) => `select 1 from information_schema.processlist where id = ${id}`,
  },
} as const;

const run = (session: Session, sql: string) => runAsync(statement(sql), (given) => session.execute(given));

/** Ends the connection while nobody asks anything of it. */
async function endConnection(database: TestDatabase, session: Session): Promise<void> {
  const words = WORDS[database.db.dialect.name as keyof typeof WORDS];
  const [row] = await run(session, words.own);
  const id = Number(row!['id']);
  await database.run(() => statement(words.end(id)));
  await until(
    async () => (await database.run(() => statement(words.find(id)))).length === 0,
    'the server has ended it',
  );
}

describe.skipIf(servers.length === 0).each(servers)('a connection to $name', ({ create }) => {
  it('that is lost between two statements of a transaction fails the next one, and nothing else', async () => {
    const database = await create();
    const session = await database.sessions!.acquire();
    await session.begin();
    await endConnection(database, session);
    // Untold, the loss would be an error of nobody, and end the process.
    const error: unknown = await run(session, 'select 1').catch((thrown: unknown) => thrown);
    expect(troubleOf(error)).toBe('unavailable');
    session.release(true);
    expect(await database.call('getSetting', { key: 'none' })).toBeUndefined();
    await database.close();
  });

  it('that is lost while a transaction has nothing left to do is not used again', async () => {
    const database = await create();
    const session = await database.sessions!.acquire();
    await endConnection(database, session);
    session.release(false);
    const others = await Promise.all([1, 2, 3].map(() => database.call('getSetting', { key: 'none' })));
    expect(others).toEqual([undefined, undefined, undefined]);
    await database.close();
  });
});
