import { describe, expect, it } from 'vitest';
import { pruneChanges, type ReadChangesResult } from '../../../src/store/sql/operations/changes.ts';
import { putEndpoint } from '../../../src/store/sql/operations/put-endpoint.ts';
import { HeldTransaction, someoneWaits } from '../../support/held-transaction.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { statement } from '../../support/sql-rows.ts';
import { putting } from './endpoint-fixtures.ts';

const kinds = sqlDatabases();
const servers = kinds.filter(({ name }) => name !== 'libsql');

function put(database: TestDatabase, key: string): Promise<undefined> {
  return database.call('putSetting', { key, value: 'on' });
}

function read(database: TestDatabase, after: number | undefined): Promise<ReadChangesResult> {
  return database.call('readChanges', { after });
}

/** Changes of the setting `many`, with the numbers given. */
async function addChanges(database: TestDatabase, numbers: readonly number[]): Promise<void> {
  await database.run(function* (db) {
    yield* db.run(
      ({ names, dialect }) =>
        `insert into ${names.changes} (number, kind, ref) select n, 'setting', 'many' from ${dialect.rows('d', { n: 'int' })}`,
      { d: numbers.map((n) => [n]) },
    );
  });
}

const range = (from: number, until: number): number[] =>
  Array.from({ length: until - from + 1 }, (_, index) => from + index);

describe.each(kinds)('changes on $name', ({ create }) => {
  it('begins behind the last change', async () => {
    const database = await create();
    expect(await read(database, undefined)).toEqual({ last: 0, changes: [], isMissed: false });
    await put(database, 'a');
    expect(await read(database, undefined)).toEqual({ last: 1, changes: [], isMissed: false });
    await database.close();
  });

  it('tells what changed behind a number, in its order, and nothing twice', async () => {
    const database = await create();
    await put(database, 'a');
    await database.call('putEndpoint', putting({ id: 'ep' }));
    await database.call('putLane', { laneId: 'ep', paused: true });
    await database.call('putLane', { laneId: 'ep', paused: true, blockForMs: 1_000 });
    await database.call('removeEndpoint', { id: 'ep' });
    await database.call('removeEndpoint', { id: 'ep' });
    await database.call('putSetting', { key: 'a', value: undefined });
    const endpoint = { kind: 'endpoint', ref: 'ep' };
    expect(await read(database, 1)).toEqual({
      last: 5,
      changes: [endpoint, endpoint, endpoint, { kind: 'setting', ref: 'a' }],
      isMissed: false,
    });
    expect(await read(database, 0)).toMatchObject({ last: 5, isMissed: false });
    expect(await read(database, 5)).toEqual({ last: 5, changes: [], isMissed: false });
    await database.close();
  });

  it('tells nothing of a change that was refused', async () => {
    const database = await create();
    await database.call('putEndpoint', putting({ id: 'ep', expectedRevision: 7 }));
    expect(await read(database, undefined)).toMatchObject({ last: 0 });
    await database.close();
  });

  it('numbers changes that are made at once, without gaps', async () => {
    const database = await create();
    const made = range(1, 30).map((n) =>
      n % 2 === 0 ? put(database, `key_${n}`) : database.call('putEndpoint', putting({ id: `ep_${n}` })),
    );
    await Promise.all(made);
    const { last, changes, isMissed } = await read(database, 0);
    expect([last, new Set(changes.map(({ ref }) => ref)).size, isMissed]).toEqual([30, 30, false]);
    await database.close();
  });

  it('gives a thousand at a time', async () => {
    const database = await create();
    await addChanges(database, range(1, 1_500));
    const first = await read(database, 0);
    const second = await read(database, first.last);
    expect(first.last).toBeGreaterThanOrEqual(1_000);
    expect([first.changes.length + second.changes.length, second.last]).toEqual([1_500, 1_500]);
    await database.close();
  });

  it('keeps the last ten thousand', async () => {
    const database = await create();
    await addChanges(database, range(1, 12_500));
    let passes = 0;
    for (let more = true; more; passes += 1) more = await database.run((db) => pruneChanges.script(db, {}));
    expect(passes).toBe(3);
    const rows = await database.run((db) =>
      statement(`select min(number) as oldest, max(number) as newest from ${db.names.changes}`),
    );
    expect([Number(rows[0]!['oldest']), Number(rows[0]!['newest'])]).toEqual([2_501, 12_500]);
    await database.close();
  });

  it('says so when changes were missed', async () => {
    const database = await create();
    await addChanges(database, range(100, 102));
    const missed = { last: 102, changes: [], isMissed: true };
    expect(await read(database, 50), 'removed meanwhile').toEqual(missed);
    expect(await read(database, 200), 'a backup was restored').toEqual(missed);
    expect(await read(database, 102)).toEqual({ last: 102, changes: [], isMissed: false });
    await database.close();
  });
});

// One connection does all on SQLite: there is nothing to wait for.
describe.skipIf(servers.length === 0).each(servers)('changes at once on $name', ({ create }) => {
  it('shows no change before those that got a number earlier', async () => {
    const database = await create();
    const first = await HeldTransaction.begin(database);
    await first.run((db) => putEndpoint.script(db, putting({ id: 'ep' })));
    const second = put(database, 'a');
    await someoneWaits(database);
    expect(await read(database, 0)).toMatchObject({ changes: [] });
    await first.commit();
    await second;
    expect((await read(database, 0)).changes).toEqual([
      { kind: 'endpoint', ref: 'ep' },
      { kind: 'setting', ref: 'a' },
    ]);
    await database.close();
  });

  it('gives the number of a change that was rolled back to the next', async () => {
    const database = await create();
    const first = await HeldTransaction.begin(database);
    await first.run((db) => putEndpoint.script(db, putting({ id: 'ep' })));
    const second = put(database, 'a');
    await someoneWaits(database);
    await first.rollback();
    await second;
    expect(await read(database, 0)).toEqual({
      last: 1,
      changes: [{ kind: 'setting', ref: 'a' }],
      isMissed: false,
    });
    await database.close();
  });
});
