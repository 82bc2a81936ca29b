import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { SyncTransactionOptions, TransactionOptions } from '../../src/outbox.ts';
import { sqlStore } from '../../src/store/sql/index.ts';
import { decorateStore } from '../support/world.ts';

const nothing = (): void => undefined;
const knexTransaction = Object.assign(() => Promise.resolve([]), { raw: nothing, commit: nothing });

describe('an emit in a transaction', () => {
  it.each<[string, unknown, RegExp]>([
    [
      'a client of pg',
      new pg.Client(),
      /got an object\. Pass \{ transaction: \(sql, parameters\) => client\.query/,
    ],
    [
      'a transaction of Prisma',
      { $queryRawUnsafe: nothing },
      /tx\.\$queryRawUnsafe\(sql, \.\.\.parameters\)/,
    ],
    ['a transaction of Knex', knexTransaction, /got a function\. Pass .* await trx\.raw\(sql, parameters\)/],
    ['a database of libsql', new Libsql(':memory:'), /Pass \{ transactionSync: .*db\.prepare\(sql\)\.all/],
    ['something else', { execute: nothing }, /docs\/guides\/outbox\.md has the function/],
    ['a text', 'begin', /got "begin" \(string\)/],
  ])('says which function it needs instead of %s', async (_, transaction, message) => {
    const dispatcher = new WebhookDispatcher({ store: sqlStore('postgres://127.0.0.1:1/never') });
    const options = { transaction } as TransactionOptions;
    const emitting = dispatcher.emit('order.paid', {}, options);
    await expect(emitting).rejects.toMatchObject({ code: 'invalid_option', path: 'transaction' });
    await expect(emitting).rejects.toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    ['transaction', { transaction: nothing }, /^transaction: outbox\(\) answers with statements/],
    ['transactionSync', { transactionSync: nothing }, /^transactionSync: outbox\(\) answers with statements/],
    ['to', { to: 'orders' }, /^to: cannot go with a transaction/],
    ['options', null, /^options: expected an object, got null/],
  ])('given to outbox() is refused: %s', async (path, options, message) => {
    const dispatcher = new WebhookDispatcher({ store: sqlStore(':memory:') });
    await dispatcher.start();
    const call = (): unknown => dispatcher.outbox('order.paid', {}, options as never);
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code: 'invalid_option', path }) as Error);
    await dispatcher.stop();
  });

  it('says what is missing when the function answers with no promise', async () => {
    const dispatcher = new WebhookDispatcher({ store: sqlStore(':memory:') });
    await dispatcher.start();
    await expect(dispatcher.emit('order.paid', {}, { transaction: nothing as never })).rejects.toThrow(
      /^transaction: expected a function that answers with a promise, got undefined\. For a synchronous driver/,
    );
    await dispatcher.stop();
  });

  it('is left to processes that deliver, also when it is committed', async () => {
    const sqlite = sqlStore(':memory:');
    let claims = 0;
    const store = decorateStore(sqlite, {
      claimFanOut: async (params) => {
        claims += 1;
        return sqlite.claimFanOut(params);
      },
    });
    for (const deliver of [false, true]) {
      const dispatcher = new WebhookDispatcher({ store, deliver });
      await dispatcher.start();
      const { afterCommit } = await dispatcher.emit('order.paid', {}, { transaction: async () => [] });
      afterCommit();
      await new Promise((resolve) => setImmediate(resolve));
      await dispatcher.stop();
      expect(claims > 0).toBe(deliver);
    }
  });

  it('is refused while the database object does not wait for its turn', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-outbox-'));
    const database = new Libsql(join(folder, 'shop.db'));
    const dispatcher = new WebhookDispatcher({
      store: sqlStore(database, { worker: false }),
      deliver: false,
    });
    await dispatcher.start();
    const placeOrder = database.transaction(() => {
      database.exec('create table if not exists orders (id text)');
      return dispatcher.emit(
        'order.paid',
        {},
        { transactionSync: (sql, parameters) => database.prepare(sql).all(...parameters) },
      );
    });
    expect(() => placeOrder.immediate()).toThrow(
      /^target: this database object has a busy timeout of 0, .*new Database\(path, \{ timeout: 5000 \}\)/,
    );
    expect(() => dispatcher.outbox('order.paid', {})).toThrow(/^target: .* busy timeout of 0/);
    // Who does not use it for that is left alone.
    await dispatcher.emit('order.paid', {});
    database.exec('pragma busy_timeout = 5000');
    const { id } = placeOrder.immediate();
    expect(await dispatcher.messages.get(id)).toMatchObject({ type: 'order.paid' });
    database.close();
    expect(dispatcher.outbox('order.paid', {}).statements).toHaveLength(1);
    await dispatcher.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(['postgres://127.0.0.1:1/never', 'mysql://127.0.0.1:1/never'])(
    'is not synchronous on %s, where it would store nothing',
    (url) => {
      const dispatcher = new WebhookDispatcher({ store: sqlStore(url) });
      const call = (): unknown => dispatcher.emit('order.paid', {}, { transactionSync: () => [] });
      expect(call).toThrow(
        /^transactionSync: it is for SQLite\. .*\(pg, mysql2, Kysely\) are asynchronous: pass \{ transaction: /,
      );
      expect(call).toThrow(
        expect.objectContaining({ code: 'invalid_option', path: 'transactionSync' }) as Error,
      );
    },
  );

  it('says which function a synchronous driver needs', () => {
    const dispatcher = new WebhookDispatcher({ store: sqlStore(':memory:') });
    const options = { transactionSync: new Libsql(':memory:') } as unknown as SyncTransactionOptions;
    expect(() => dispatcher.emit('order.paid', {}, options)).toThrow(
      /transactionSync: expected a function .*Pass \{ transactionSync: .*db\.prepare\(sql\)\.all/,
    );
  });
});
