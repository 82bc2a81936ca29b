/** A commit that was written, and whose answer the network lost: the store repeats the call by itself. */
import mysql from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { sqlStore } from '../../src/store/sql/index.ts';
import { CountingReceiver } from '../support/counting-receiver.ts';
import type { StoreLocation } from '../support/open-store.ts';
import { createPlace, reachable } from '../support/store-places.ts';
import { LOOPBACK, onlyDelivery } from '../support/world.ts';

const TIMEOUT_MS = 60_000;
const HOUR = 3_600_000;

/** Loses the answer of the first commit that stores something in a table. */
class Thief {
  lost = 0;
  readonly #inserts: RegExp;
  #hasInserted = false;

  constructor(table: 'messages' | 'attempts') {
    this.#inserts = new RegExp(`insert into \\S*${table}`);
  }

  /** Lets a statement run; its answer may not come back. */
  async pass<T>(sql: string, run: () => Promise<T>): Promise<T> {
    const answer = await run();
    this.#hasInserted ||= this.#inserts.test(sql);
    if (sql !== 'commit' || !this.#hasInserted || this.lost > 0) return answer;
    this.lost += 1;
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  }
}

/** A pool whose connections pass by the thief. */
function openPool({ kind, url }: StoreLocation, thief: Thief): pg.Pool | mysql.Pool {
  if (kind === 'postgres') {
    const pool = new pg.Pool({ connectionString: url, max: 4 });
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (query: { text: string }) => Promise<unknown>;
      client.query = ((given: { text: string }) => thief.pass(given.text, () => query(given))) as never;
    });
    return pool;
  }
  const pool = mysql.createPool({ uri: url, connectionLimit: 4 });
  const getConnection = pool.getConnection.bind(pool);
  pool.getConnection = async () => {
    const connection = await getConnection();
    for (const name of ['query', 'execute'] as const) {
      const run = connection[name].bind(connection) as (given: { sql: string }) => Promise<unknown>;
      connection[name] = ((given: { sql: string }) => thief.pass(given.sql, () => run(given))) as never;
    }
    return connection;
  };
  return pool;
}

describe.each(reachable('postgres', 'mariadb'))('a message whose commit was not answered, on %s', (kind) => {
  it('is no duplicate, and is sent without waiting for its lease', { timeout: TIMEOUT_MS }, async () => {
    await using place = await createPlace(kind);
    const receiver = await CountingReceiver.start();
    const thief = new Thief('messages');
    const pool = openPool(place.location, thief);
    const dispatcher = new WebhookDispatcher({
      store: sqlStore(pool, place.location.schema === undefined ? {} : { schema: place.location.schema }),
      network: LOOPBACK,
      leaseMs: HOUR,
      pollIntervalMs: HOUR,
    });
    await dispatcher.endpoints.create({ url: receiver.url });
    const receipt = await dispatcher.emit('job.done', {});
    await receiver.until(() => receiver.answered.has(receipt.id), 'it is delivered');
    await dispatcher.drain();

    expect(thief.lost).toBe(1);
    expect(receipt).toMatchObject({ duplicate: false, deliveries: [{}] });
    expect(receiver.arrivals).toHaveLength(1);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
    await dispatcher.stop();
    await receiver.close();
    await pool.end();
  });
});

describe.each(reachable('postgres', 'mariadb'))('an outcome whose commit was not answered, on %s', (kind) => {
  it('is followed by its retry in time', { timeout: TIMEOUT_MS }, async () => {
    await using place = await createPlace(kind);
    const receiver = await CountingReceiver.start();
    const thief = new Thief('attempts');
    const pool = openPool(place.location, thief);
    const dispatcher = new WebhookDispatcher({
      store: sqlStore(pool, place.location.schema === undefined ? {} : { schema: place.location.schema }),
      network: LOOPBACK,
      retry: { kind: 'schedule', delaysMs: [200], jitter: 0 },
      pollIntervalMs: HOUR,
    });
    await dispatcher.endpoints.create({ url: receiver.url });
    receiver.judge(() => (receiver.arrivals.length === 1 ? 500 : 204));
    const { id } = await dispatcher.emit('job.done', {});
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
    await dispatcher.drain();

    expect(thief.lost).toBe(1);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 2, rescues: 0 });
    await dispatcher.stop();
    await receiver.close();
    await pool.end();
  });
});
