import { PostgresDialect, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { sqlStore } from '../../../src/store/sql/index.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';

const clock = createManualClock();

describe('an error of a driver', () => {
  it('is the cause of a StoreError when the store cannot be made', async () => {
    const cause = new Error('the driver is broken');
    const dialect = new PostgresDialect({ pool: async () => Promise.reject(cause) });
    dialect.createDriver = () => {
      throw cause;
    };
    await expect(sqlStore(dialect).open({ clock })).rejects.toMatchObject({
      name: 'StoreError',
      code: 'store_failed',
      cause,
    });
  });

  it('is the cause of a StoreError when a call fails', async () => {
    const database = new Libsql(':memory:');
    const store = sqlStore(database);
    await store.open({ clock });
    database.exec('drop table posthorn_settings');
    await expect(store.settings.get({ key: 'switch' })).rejects.toMatchObject({
      name: 'StoreError',
      code: 'store_failed',
      message: expect.stringContaining('no such table') as string,
      cause: { code: 'SQLITE_ERROR' },
    });
    await store.close();
    database.close();
  });

  it('is the cause of a StoreError when the store cannot be closed', async () => {
    const cause = new Error('the driver does not let go');
    const database = new Libsql(':memory:');
    const dialect = new SqliteDialect({ database: database });
    const createDriver = dialect.createDriver.bind(dialect);
    dialect.createDriver = () => Object.assign(createDriver(), { destroy: () => Promise.reject(cause) });
    const store = sqlStore(dialect);
    await store.open({ clock });
    await expect(store.close()).rejects.toMatchObject({ name: 'StoreError', cause });
    database.close();
  });
});
