import { Kysely, MysqlDialect } from 'kysely';
import mysqlCallbacks from 'mysql2';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MysqlSessions } from '../../../src/store/sql/mysql/mysql-sessions.ts';
import { checkMysqlSettings } from '../../../src/store/sql/mysql/mysql-settings.ts';
import { runAsync } from '../../../src/store/sql/run-script.ts';
import { sqlStore, type SqlTarget } from '../../../src/store/sql/index.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { mysqlPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

const clock = createManualClock();
const NO_BACKSLASHES = `set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')`;

describe.skipIf(storeSuites().mariadb.missing !== undefined)('the settings of connections to MariaDB', () => {
  let place: Awaited<ReturnType<typeof mysqlPlace>>;
  beforeAll(async () => {
    place = await mysqlPlace();
  });
  afterAll(() => place.drop());

  /** Opens and closes a store. */
  async function open(target: SqlTarget): Promise<void> {
    const store = sqlStore(target);
    await store.open({ clock });
    await store.close();
  }

  /** Opens a store on a pool of the application, made with `options`, whose connections begin with `statement`. */
  async function openPool(options: mysql.PoolOptions, statement?: string): Promise<void> {
    const pool = mysql.createPool({ uri: place.url, connectionLimit: 2, ...options });
    if (statement !== undefined) pool.on('connection', (connection) => void connection.query(statement));
    await open(pool).finally(() => pool.end());
  }

  async function openKysely(options: mysql.PoolOptions, statement?: string): Promise<void> {
    const pool = mysqlCallbacks.createPool({ uri: place.url, connectionLimit: 2, ...options });
    if (statement !== undefined) pool.on('connection', (connection) => void connection.query(statement));
    const kysely = new Kysely({ dialect: new MysqlDialect({ pool }) });
    await open(kysely).finally(() => kysely.destroy());
  }

  it.each(['latin1_swedish_ci', 'cp1251', 'sjis', 'gbk', 'utf8_general_ci'])(
    'are refused with the charset %s, which loses characters',
    async (charset) => {
      const refusal = {
        name: 'StoreError',
        code: 'store_failed',
        message: expect.stringMatching(/character_set_client = .*charset: 'utf8mb4'/) as string,
      };
      await expect(openPool({ charset })).rejects.toMatchObject(refusal);
      await expect(openKysely({ charset })).rejects.toMatchObject(refusal);
    },
  );

  it.each([
    [`set names utf8mb4 collate utf8mb4_bin`, undefined],
    ['set session character_set_results = null', undefined],
    ['set session character_set_results = latin1', /character_set_results = latin1/],
    ['set session autocommit = 0', /autocommit = 0: .*Leave autocommit on/],
    ['set session sql_select_limit = 1000', /sql_select_limit: rows would be missing/],
  ])('are looked at after "%s"', async (statement, refusal) => {
    for (const openAnyhow of [openPool, openKysely]) {
      const opening = openAnyhow({}, statement);
      await (refusal === undefined ? opening : expect(opening).rejects.toThrow(refusal));
    }
  });

  it('are refused through Kysely, when its backslashes escape nothing', async () => {
    await openPool({}, NO_BACKSLASHES);
    await expect(openKysely({}, NO_BACKSLASHES)).rejects.toThrow(/NO_BACKSLASH_ESCAPES.*a pool of mysql2/);
  });

  it('are made right where the pool is made by the store, whatever URL and server say', async () => {
    const url = new URL(place.url);
    url.searchParams.set('charset', 'latin1_swedish_ci');
    await open(url);

    const pool = mysql.createPool(place.url);
    pool.on('connection', (connection) => {
      void connection.query('set session autocommit = 0, sql_select_limit = 1000');
    });
    const session = await new MysqlSessions(pool, true, 30_000).acquire();
    await runAsync(checkMysqlSettings({ isEscaped: false }), (statement) => session.execute(statement));
    session.release(false);
    await pool.end();
  });
});
