/** Emits in transactions of the application by a synchronous driver: declared once for each driver. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { OptionsError } from '../../src/errors.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { defineEvents } from '../../src/index.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { sqlStore } from '../../src/store/sql/create-sql-store.ts';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { CountingReceiver } from './counting-receiver.ts';
import { LOOPBACK, until } from './world.ts';

/** A database object of the application. */
interface ApplicationDatabase extends SqliteDatabase {
  /** Not of node:sqlite. */
  transaction?<T>(work: () => T): () => T;
  readonly inTransaction?: boolean;
  readonly isTransaction?: boolean;
}

/** Opens files by one driver. */
type OpenDatabase = (path: string) => ApplicationDatabase;

/** An application with a table `orders`, and a dispatcher on the same file. */
async function setup(open: OpenDatabase, options: DispatcherOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-sync-'));
  const database = open(join(folder, 'shop.db'));
  const receiver = await CountingReceiver.start();
  const store = sqlStore(database, { worker: false });
  const dispatcher = new WebhookDispatcher({ store, network: LOOPBACK, pollIntervalMs: 100, ...options });
  await dispatcher.start();
  await dispatcher.endpoints.create({ url: receiver.url, events: ['order.*'] });
  database.exec('pragma busy_timeout = 10000');
  database.exec('create table orders (name text not null)');
  return {
    database,
    dispatcher,
    receiver,
    insertOrder: (name: string) => database.prepare('insert into orders (name) values (?)').run(name),
    orders: () => database.prepare('select name from orders').all(),
    /** What is given to `emit`, and whether a transaction was open when it ran. */
    transactionSync: (sql: string, parameters: readonly unknown[]) => {
      expect(isInTransaction(database)).toBe(true);
      return database.prepare(sql).all(...parameters);
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.stop({ timeoutMs: 0 });
      await receiver.close();
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** By the driver's own function, where it has one. */
function transact<T>(database: ApplicationDatabase, work: () => T): T {
  if (database.transaction !== undefined) return database.transaction(work)();
  database.exec('begin');
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}

const isInTransaction = ({ inTransaction, isTransaction }: ApplicationDatabase): boolean | undefined =>
  inTransaction ?? isTransaction;

const countMessages = (database: ApplicationDatabase): number =>
  database.prepare('select id from posthorn_messages').all().length;

/** Declares what holds for an emit in a transaction of this driver. */
export function declareSyncOutbox(driver: string, open: OpenDatabase): void {
  describe(`an emit in a synchronous transaction of ${driver}`, () => {
    it('is stored when the call returns, and delivered after the commit', async () => {
      await using world = await setup(open);
      const { database, dispatcher, receiver, transactionSync } = world;
      const receipt = transact(database, () => {
        world.insertOrder('first');
        const emitted = dispatcher.emit('order.paid', { text: 'ünï "quoted" 😀' }, { transactionSync });
        expect(isInTransaction(database)).toBe(true);
        expect(countMessages(database)).toBe(1);
        return emitted;
      });
      receipt.afterCommit();
      await receiver.until(() => receiver.answered.has(receipt.id), 'it is delivered');
      expect((await dispatcher.messages.get(receipt.id)).data).toEqual({ text: 'ünï "quoted" 😀' });
      expect(world.orders()).toMatchObject([{ name: 'first' }]);
    });

    it('is found without being told of the commit', async () => {
      await using world = await setup(open);
      const { database, dispatcher, receiver, transactionSync } = world;
      const { id } = transact(database, () => dispatcher.emit('order.paid', {}, { transactionSync }));
      await receiver.until(() => receiver.answered.has(id), 'it is delivered');
    });

    it('was never there when it is rolled back', async () => {
      await using world = await setup(open);
      const { database, dispatcher, receiver, transactionSync } = world;
      const work = (): void => {
        world.insertOrder('never');
        dispatcher.emit('order.paid', {}, { transactionSync }).afterCommit();
        throw new Error('the card was refused');
      };
      expect(() => transact(database, work)).toThrow('the card was refused');
      const { id } = await dispatcher.emit('order.other', {});
      await receiver.until(() => receiver.answered.has(id), 'another event is delivered');
      await dispatcher.drain();
      expect([...receiver.arrived.keys()]).toEqual([id]);
      expect(countMessages(database)).toBe(1);
      expect(world.orders()).toEqual([]);
    });

    it('throws what its INSERT throws, so that the transaction is rolled back', async () => {
      await using world = await setup(open);
      const { database, dispatcher, transactionSync } = world;
      database.exec(
        `create trigger refuse before insert on posthorn_messages begin select raise(abort, 'refused by a test'); end`,
      );
      const work = (): void => {
        world.insertOrder('never');
        dispatcher.emit('order.paid', {}, { transactionSync });
      };
      expect(() => transact(database, work)).toThrow('refused by a test');
      expect(isInTransaction(database)).toBe(false);
      expect(world.orders()).toEqual([]);
    });

    it('throws before it inserts when the data is wrong, or can only be checked later', async () => {
      const number = z.object({ number: z.number() });
      const events = defineEvents({
        'order.paid': number,
        'order.late': number.refine(async () => true),
      });
      await using world = await setup(open, { events });
      const { database, dispatcher, transactionSync } = world;
      const emit = (type: string, data: unknown) => () =>
        transact(database, () => dispatcher.emit(type, data, { transactionSync }));
      expect(emit('order.paid', { number: 'one' })).toThrow(/number/);
      expect(emit('order.late', { number: 1 })).toThrow(OptionsError);
      expect(isInTransaction(database)).toBe(false);
      expect(countMessages(database)).toBe(0);
    });

    it('of an id or idempotency key that is taken changes nothing', async () => {
      await using world = await setup(open);
      const { database, dispatcher, receiver, transactionSync } = world;
      await dispatcher.emit('order.paid', { number: 1 }, { id: 'taken', idempotencyKey: 'key' });
      await receiver.until(() => receiver.answered.has('taken'), 'the first is delivered');
      transact(database, () => {
        world.insertOrder('first');
        dispatcher.emit('order.paid', { number: 2 }, { transactionSync, id: 'taken' });
        dispatcher.emit('order.paid', { number: 3 }, { transactionSync, idempotencyKey: 'key' });
      });
      await until(() => countMessages(database) === 1, 'the second one with the key is removed');
      expect((await dispatcher.messages.get('taken')).data).toEqual({ number: 1 });
      expect(world.orders()).toHaveLength(1);
    });
  });
}
