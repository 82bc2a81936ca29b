import { describe, expect, it } from 'vitest';
import type { StoreStats } from '../../../src/store/store.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { fillRows, statement } from '../../support/sql-rows.ts';

async function counts(database: TestDatabase, where: object): Promise<Partial<StoreStats>> {
  const { byState, waitingForRetry } = await database.call('readStats', { where });
  return { byState, waitingForRetry };
}

describe.each(sqlDatabases())('stats on $name', ({ create }) => {
  it('counts all deliveries as if each was read, those of test messages left out', async () => {
    const database = await create();
    const state = `case when i % 3 = 0 then 'exhausted' when i % 5 = 0 then 'scheduled' when i % 7 = 0 then 'sending' else 'succeeded' end`;
    await database.run(function* (db) {
      yield* fillRows(db, 500, { endpoint: 'i % 2', tenant: `'default'`, state, readyAt: 'null' });
      yield* statement(`update ${db.names.deliveries} set test = 1 where seq % 11 = 0`);
      yield* statement(`update ${db.names.deliveries} set attempts = 0 where seq % 10 = 0`);
    });
    const all = await counts(database, {});
    expect(all).toEqual(await counts(database, { since: 0 }));
    for (const endpointId of ['ep_0', 'ep_1', 'ep_none'])
      expect(await counts(database, { endpointId })).toEqual(
        await counts(database, { endpointId, since: 0 }),
      );
    expect(all.byState?.succeeded).toBeGreaterThan(100);
    expect(all.waitingForRetry).toBeGreaterThan(10);
    await database.close();
  });
});
