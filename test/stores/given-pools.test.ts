/** Stores on a pool of the application, which is there before them and after them. */
import mysql from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { sqlStore, type SqlStoreOptions } from '../../src/store/sql/index.ts';
import type { StoreLocation } from '../support/open-store.ts';
import { CountingReceiver } from '../support/counting-receiver.ts';
import { createPlace, reachable } from '../support/store-places.ts';
import { LOOPBACK } from '../support/world.ts';

const TIMEOUT_MS = 60_000;

interface GivenPool extends AsyncDisposable {
  readonly pool: pg.Pool | mysql.Pool;
  /** Takes a connection of it; the function gives it back. */
  take(): Promise<() => void>;
}

const POOLS = {
  postgres: ({ url }: StoreLocation, size: number): GivenPool => {
    const pool = new pg.Pool({ connectionString: url, max: size });
    return {
      pool,
      take: async () => {
        const client = await pool.connect();
        return () => client.release();
      },
      [Symbol.asyncDispose]: () => pool.end(),
    };
  },
  mariadb: ({ url }: StoreLocation, size: number): GivenPool => {
    const pool = mysql.createPool({ uri: url, connectionLimit: size });
    return {
      pool,
      take: async () => {
        const connection = await pool.getConnection();
        return () => connection.release();
      },
      [Symbol.asyncDispose]: () => pool.end(),
    };
  },
};

function toOptions({ schema }: StoreLocation): SqlStoreOptions {
  return schema === undefined ? {} : { schema };
}

/** Delivers one event. */
async function deliverBy(store: ReturnType<typeof sqlStore>, receiver: CountingReceiver): Promise<void> {
  await using dispatcher = new WebhookDispatcher({ store, network: LOOPBACK });
  await dispatcher.endpoints.create({ url: receiver.url });
  const { id } = await dispatcher.emit('job.done', {});
  await receiver.until(() => receiver.answered.has(id), 'it is delivered');
}

describe.each(reachable('postgres', 'mariadb'))('a pool of %s that is given', (kind) => {
  it('serves stores one after the other, and side by side', { timeout: TIMEOUT_MS }, async () => {
    await using place = await createPlace(kind);
    await using other = await createPlace(kind);
    await using given = POOLS[kind](place.location, 5);
    const receiver = await CountingReceiver.start();
    const open = ({ location }: { readonly location: StoreLocation }): ReturnType<typeof sqlStore> =>
      sqlStore(given.pool, toOptions(location));
    await deliverBy(open(place), receiver);
    await deliverBy(open(place), receiver);
    // Only PostgreSQL has several schemas behind one pool.
    await Promise.all([
      deliverBy(open(place), receiver),
      deliverBy(open(kind === 'postgres' ? other : place), receiver),
      deliverBy(open(place), receiver),
    ]);
    await deliverBy(open(place), receiver);
    await receiver.close();
  });

  it('that has no connection to spare fails the start in time', { timeout: TIMEOUT_MS }, async () => {
    await using place = await createPlace(kind);
    await using given = POOLS[kind](place.location, 1);
    const giveBack = await given.take();
    const store = sqlStore(given.pool, { ...toOptions(place.location), callTimeoutMs: 200 });
    const dispatcher = new WebhookDispatcher({ store });
    await expect(dispatcher.start()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('Waiting for a connection did not end within 200 ms') as string,
    });
    giveBack();
    await dispatcher.start();
    await dispatcher.stop();
  });
});
