import { describe, expect, it } from 'vitest';
import { laneLimitsOf } from '../../../src/core/endpoint.ts';
import { putEndpoint } from '../../../src/store/sql/operations/put-endpoint.ts';
import { removeEndpoint } from '../../../src/store/sql/operations/remove-endpoint.ts';
import { append } from '../../../src/store/sql/operations/append.ts';
import { HeldTransaction, someoneWaits } from '../../support/held-transaction.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { putting } from './endpoint-fixtures.ts';
import { batch, claiming, delivery, entry } from './fixtures.ts';

const kinds = sqlDatabases();
const servers = kinds.filter(({ name }) => name !== 'libsql');

async function claimIds(database: TestDatabase): Promise<string[]> {
  const { leased } = await database.call('claimDue', claiming());
  return leased.map(({ id }) => id);
}

describe.each(kinds)('writes of endpoints on $name', ({ create }) => {
  it('stores one of several records that are put at once, new or not', async () => {
    const database = await create();
    for (let revision = 0; revision < 10; revision += 1) {
      const puts = Array.from({ length: 4 }, (_, index) =>
        database.call(
          'putEndpoint',
          putting({ id: 'ep', record: `{"by":${index}}`, expectedRevision: revision }),
        ),
      );
      const outcomes = await Promise.all(puts);
      const stored = outcomes.filter(({ kind }) => kind === 'stored');
      expect(stored).toEqual([
        {
          kind: 'stored',
          revision: revision + 1,
          createdAt: expect.any(Number),
          updatedAt: expect.any(Number),
        },
      ]);
      expect(outcomes.filter(({ kind }) => kind === 'conflict')).toEqual(
        Array.from({ length: 3 }, () => ({ kind: 'conflict', currentRevision: revision + 1 })),
      );
      const winner = outcomes.findIndex(({ kind }) => kind === 'stored');
      expect((await database.call('getEndpoint', { id: 'ep' }))?.record).toBe(`{"by":${winner}}`);
    }
    await database.close();
  });

  it('lets a claim know at once when a rate limit comes, changes and ends', async () => {
    const database = await create();
    const entries = Array.from({ length: 6 }, () => entry([delivery('ep')]));
    await database.call('append', batch(entries));
    const putLimit = (expectedRevision: number, limit: number | undefined): Promise<unknown> =>
      database.call(
        'putEndpoint',
        putting({
          id: 'ep',
          expectedRevision,
          limits: laneLimitsOf({ rateLimit: limit !== undefined && { limit, intervalMs: 60_000 } }),
        }),
      );
    await putLimit(0, 1);
    expect(await claimIds(database)).toHaveLength(1);
    expect(await claimIds(database)).toHaveLength(0);
    await putLimit(1, 3);
    expect(await claimIds(database)).toHaveLength(2);
    expect(await claimIds(database)).toHaveLength(0);
    await putLimit(2, undefined);
    expect(await claimIds(database)).toHaveLength(3);
    await database.close();
  });

  it('keeps the lane of a removed endpoint while something waits in it, and no longer', async () => {
    const database = await create();
    for (const id of ['ep_1', 'ep_2']) {
      await database.call('putEndpoint', putting({ id }));
      await database.call('putLane', {
        laneId: id,
        paused: true,
        blockForMs: 60_000,
        blockedReason: 'breaker',
      });
    }
    const waiting = delivery('ep_1');
    await database.call('append', batch([entry([waiting])]));
    for (const id of ['ep_1', 'ep_2']) expect(await database.call('removeEndpoint', { id })).toBe(true);
    expect(await claimIds(database)).toEqual([waiting.id]);
    const rows = await database.run((db) =>
      db.query<{ id: string }>(({ names }) => `select id from ${names.lanes}`),
    );
    expect(rows.map(({ id }) => id)).toEqual(['ep_1']);
    await database.close();
  });
});

// One connection does all on SQLite: there is nothing to wait for.
describe.skipIf(servers.length === 0).each(servers)('writes of endpoints at once on $name', ({ create }) => {
  it('refuses a record that was put while another one of its id was being stored', async () => {
    const database = await create();
    const first = await HeldTransaction.begin(database);
    await first.run((db) => putEndpoint.script(db, putting({ id: 'ep' })));
    const second = database.call('putEndpoint', putting({ id: 'ep' }));
    await someoneWaits(database);
    await first.commit();
    expect(await second).toEqual({ kind: 'conflict', currentRevision: 1 });
    await database.close();
  });

  it('stores a record when the one before it comes to nothing', async () => {
    const database = await create();
    const first = await HeldTransaction.begin(database);
    await first.run((db) => putEndpoint.script(db, putting({ id: 'ep' })));
    const second = database.call('putEndpoint', putting({ id: 'ep' }));
    await someoneWaits(database);
    await first.rollback();
    expect(await second).toMatchObject({ kind: 'stored', revision: 1 });
    await database.close();
  });

  it('leaves what is appended while its endpoint is removed to be claimed', async () => {
    const database = await create();
    await database.call('putEndpoint', putting({ id: 'ep' }));
    await database.call('putLane', { laneId: 'ep', paused: true });
    const [early, late] = [delivery('ep'), delivery('ep')];
    const appending = await HeldTransaction.begin(database);
    await appending.run((db) => append.script(db, batch([entry([early])])));
    const removed = database.call('removeEndpoint', { id: 'ep' });
    await someoneWaits(database);
    await appending.commit();
    expect(await removed).toBe(true);
    const removing = await HeldTransaction.begin(database);
    await removing.run((db) => putEndpoint.script(db, putting({ id: 'ep' })));
    await removing.run((db) => removeEndpoint.script(db, { id: 'ep' }));
    const appended = database.call('append', batch([entry([late])]));
    await someoneWaits(database);
    await removing.commit();
    await appended;
    expect(await claimIds(database)).toEqual([early.id, late.id]);
    await database.close();
  });
});
