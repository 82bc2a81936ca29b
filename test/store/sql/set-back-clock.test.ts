import { describe, expect, it } from 'vitest';
import { sqlDatabases } from '../../support/sql-databases.ts';
import { statement } from '../../support/sql-rows.ts';
import { putting } from './endpoint-fixtures.ts';
import { batch, claiming, delivery, entry } from './fixtures.ts';

const HOUR_MS = 3_600_000;
const INTERVAL_MS = 1_000;

describe.each(sqlDatabases())('a clock of $name that is set back by an hour', ({ create }) => {
  it('holds back a lane with a rate limit for an interval, not for the hour', async () => {
    const database = await create();
    const limits = { rate: { limit: 2, intervalMs: INTERVAL_MS }, maxLeases: undefined };
    await database.call('putEndpoint', putting({ id: 'ep_1', limits, expectedRevision: 0 }));
    await database.call('append', batch([1, 2, 3, 4, 5].map(() => entry([delivery('ep_1')]))));
    const claim = async (): Promise<number> =>
      (await database.call('claimDue', claiming({ limit: 10 }))).leased.length;
    expect(await claim()).toBe(2);

    const at = database.clock.now() + HOUR_MS;
    await database.run(({ names }) =>
      statement(`update ${names.lanes} set rate_log = '[[${at},${at},2]]', ready_at = ${at + INTERVAL_MS}`),
    );
    await database.call('append', batch([entry([delivery('ep_1')])]));
    expect(await claim()).toBe(0);
    for (const expected of [2, 2]) {
      await database.clock.advance(INTERVAL_MS);
      expect(await claim()).toBe(expected);
    }
  });
});
