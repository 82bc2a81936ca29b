import Libsql from 'libsql';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { StoreLocation } from './open-store.ts';
import { type CallerName, openApplication } from './outbox-callers.ts';

/** An emit in a transaction of the application, in which the process ends. */
export interface LastEmit {
  /** The driver of the application; `libsql` is the synchronous one. */
  readonly caller: CallerName | 'libsql';
  readonly type: string;
  readonly id: string;
  /** The process ends right before the commit, or right after it. */
  readonly moment: 'before' | 'after';
}

/** Writes a row of the application and emits, in one transaction, and ends the process by SIGKILL. */
export async function dieInTransaction(
  dispatcher: WebhookDispatcher,
  location: StoreLocation,
  { caller, type, id, moment }: LastEmit,
): Promise<void> {
  if (caller === 'libsql') {
    const database = new Libsql(location.url);
    database.exec('pragma busy_timeout = 10000');
    database.exec('create table if not exists orders (name text not null)');
    database.transaction(() => {
      database.prepare('insert into orders (name) values (?)').run(id);
      dispatcher.emit(
        type,
        {},
        { id, transactionSync: (sql, values) => database.prepare(sql).all(...values) },
      );
      if (moment === 'before') die();
    })();
  } else {
    const application = await openApplication(caller, location);
    await application.transaction(async ({ transaction, insertOrder }) => {
      await insertOrder(id);
      await dispatcher.emit(type, {}, { id, transaction });
      if (moment === 'before') die();
    });
  }
  die();
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
