import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlStore } from '../../../src/store/sql/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { mysqlPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';
import { batch, claiming, delivery, entry } from './fixtures.ts';

const clock = createManualClock();

/** A text that ends the one it stands in, where backslashes escape nothing. */
const INJECTION = `x' or 1=1 -- `;

describe.skipIf(storeSuites().mariadb.missing !== undefined)('a value on MariaDB', () => {
  let place: Awaited<ReturnType<typeof mysqlPlace>>;
  beforeAll(async () => {
    place = await mysqlPlace();
  });
  afterAll(() => place.drop());

  /** A store on the pool of an application with one connection, which begins with `setting`. */
  async function setup(setting: string): Promise<{ store: Store; pool: mysql.Pool } & AsyncDisposable> {
    const pool = mysql.createPool({ uri: place.url, connectionLimit: 1 });
    pool.on('connection', (connection) => void connection.query(setting));
    const store = sqlStore(pool);
    await store.open({ clock });
    return {
      store,
      pool,
      async [Symbol.asyncDispose]() {
        await store.close();
        await pool.end();
      },
    };
  }

  it('never becomes part of a statement, when backslashes escape nothing', async () => {
    await using world = await setup(`set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')`);
    const { store } = world;
    const dataJson = JSON.stringify({ text: `it's a "quoted" \\ text, ${INJECTION}` });
    const ids = [`lane ' \\`, INJECTION].map((id) => delivery(id));
    const { message } = entry([], { tenant: 'one', dataJson });
    const appended = { ...entry(ids), message };
    await store.append({ ...batch([appended]), hiddenEndpoints: [] });

    for (const tenant of [INJECTION, `\\' or 1=1 -- `]) {
      const where = { tenant };
      expect(await store.list({ of: 'messages', where, limit: 10 })).toMatchObject({ items: [] });
      expect(await store.list({ of: 'deliveries', where, limit: 10 })).toMatchObject({ items: [] });
      expect(await store.list({ of: 'attempts', where, limit: 10 })).toMatchObject({ items: [] });
      expect((await store.stats({ where })).byState.scheduled).toBe(0);
    }
    const listed = await store.list({ of: 'messages', where: { tenant: 'one' }, limit: 10 });
    expect(listed.items).toMatchObject([{ id: message.id, dataJson }]);
    const { leased } = await store.claimDue(claiming());
    expect(leased.map(({ laneId }) => laneId).sort()).toEqual(ids.map(({ laneId }) => laneId).sort());
  });

  it('leaves no statement behind on the server for each number of values', async () => {
    await using world = await setup('set session sql_mode = @@sql_mode');
    const { store, pool } = world;
    const kept = async (): Promise<number> => {
      const [rows] = await pool.query<mysql.RowDataPacket[]>(`show session status like 'Com_stmt_%'`);
      const count = (name: string): number =>
        Number(rows.find(({ Variable_name }) => Variable_name === name)?.['Value']);
      return count('Com_stmt_prepare') - count('Com_stmt_close');
    };
    const list = (types: readonly string[]) => store.list({ of: 'messages', where: { types }, limit: 10 });
    await list(['job.none']);
    const before = await kept();
    for (let count = 1; count <= 20; count += 1)
      await list(Array.from({ length: count }, (_, index) => `job.none_${index}`));
    expect(await kept()).toBe(before);
  });
});
