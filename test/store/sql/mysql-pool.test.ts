import mysql, { type PoolOptions } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { sqlStore } from '../../../src/store/sql/index.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { mysqlPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

describe.skipIf(storeSuites().mariadb.missing !== undefined)(
  'a pool of MariaDB that lets nobody wait',
  () => {
    it.each<PoolOptions>([{ queueLimit: 1 }, { waitForConnections: false }])(
      'is asked again for a connection, with %o',
      async (options) => {
        const place = await mysqlPlace();
        const pool = mysql.createPool({ uri: place.url, connectionLimit: 1, ...options });
        const store = sqlStore(pool);
        await store.open({ clock: createManualClock() });
        const ids = Array.from({ length: 20 }, (_, index) => `lane_${index}`);
        const lanes = await Promise.all(ids.map((laneId) => store.getLane({ laneId })));
        const times = await Promise.all(ids.map(() => store.now()));
        expect([lanes, times].flat()).toHaveLength(40);
        await store.close();
        await pool.end();
        await place.drop();
      },
    );
  },
);
