import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WorkerRunner } from '../../../src/store/sql/sqlite/worker-runner.ts';
import { sqlStore } from '../../../src/store/sql/create-sql-store.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { askSetup } from '../../support/ask-setup.ts';
import { runProgram } from '../../support/child.ts';

const folders: string[] = [];
const makePath = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-thread-'));
  folders.push(folder);
  return join(folder, 'webhooks.db');
};
beforeAll(() => askSetup('workerPort'), 60_000);
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function startRunner(path: string): WorkerRunner {
  const place = { dialect: 'sqlite', prefix: 'posthorn_', schema: undefined } as const;
  return new WorkerRunner(
    { path, driver: 'libsql', synchronous: 'full', place, autoMigrate: true },
    () => 1_767_225_600_000,
  );
}

describe('the thread of the SQLite store', () => {
  it('fails the calls of a thread that ended, and starts another one for the next', async () => {
    const runner = startRunner(makePath());
    await runner.open();
    await runner.call('putSetting', { key: 'switch', value: 'off' });
    // No operation has this name: the thread ends with the error.
    const calls = await Promise.allSettled([runner.call('crash' as never, {})]);
    expect(calls).toMatchObject([{ status: 'rejected', reason: { code: 'store_unavailable' } }]);
    expect(await runner.call('getSetting', { key: 'switch' })).toBe('off');
    await runner.close();
  });

  it('reads the clock that the store was given', async () => {
    const runner = startRunner(makePath());
    expect(await runner.call('readNow', {})).toBe(1_767_225_600_000);
    await runner.close();
    await expect(runner.call('readNow', {})).rejects.toMatchObject({ code: 'store_failed' });
  });

  it('finishes what was asked for before it closes', async () => {
    const path = makePath();
    const runner = startRunner(path);
    await runner.open();
    const puts = Array.from({ length: 50 }, (_, index) =>
      runner.call('putSetting', { key: `key_${index}`, value: 'set' }),
    );
    // Once the first is done, the others are with the thread, too.
    await puts[0];
    await Promise.all([...puts, runner.close()]);
    const database = new Libsql(path);
    expect(database.prepare(`select count(*) as n from posthorn_settings where value = 'set'`).all()).toEqual(
      [{ n: 50 }],
    );
    database.close();
  });

  it('brings errors over with class, code and cause', async () => {
    const path = makePath();
    const runner = startRunner(path);
    await runner.open();
    const database = new Libsql(path);
    database.exec('drop table posthorn_settings');
    const error: unknown = await runner.call('getSetting', { key: 'a' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'StoreError',
      code: 'store_failed',
      message: expect.stringContaining('no such table') as string,
      cause: { code: 'SQLITE_ERROR' },
    });
    database.close();
    await runner.close();
  });

  it('keeps no process alive while nobody waits for it, started from the sources too', async ({ signal }) => {
    const program = `
      import { sqlStore } from './src/store/sql/index.ts';
      const store = sqlStore(${JSON.stringify(makePath())}, { driver: 'libsql', worker: true });
      await store.open({ clock: Date });
      store.watch(() => {});
      await store.settings.put({ key: 'switch', value: 'off' });
      console.log(await store.settings.get({ key: 'switch' }));
    `;
    const { code, stdout, stderr } = await runProgram(program, signal);
    expect([code, stdout, stderr]).toEqual([0, 'off\n', '']);
  }, 60_000);
});

describe.each([false, true])('a SQLite file that others write to, in a thread: %s', (worker) => {
  it('waits for a transaction of somebody else without holding up the event loop', async () => {
    const path = makePath();
    const store = sqlStore(path, { driver: 'libsql', worker });
    await store.open({ clock: createManualClock() });
    const other = new Libsql(path);
    other.exec('begin immediate');
    let isDone = false;
    const writing = store.settings.put({ key: 'switch', value: 'off' }).then(() => (isDone = true));
    for (let reads = 0; reads < 20; reads += 1) {
      expect(await store.settings.get({ key: 'switch' })).toBeUndefined();
    }
    expect(isDone).toBe(false);
    other.exec('rollback');
    await writing;
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
    other.close();
    await store.close();
  });

  it('undoes alone what fails among others that are committed together', async () => {
    const path = makePath();
    const store = sqlStore(path, { driver: 'libsql', worker });
    await store.open({ clock: createManualClock() });
    const other = new Libsql(path);
    other.exec(
      `create trigger refuse before insert on posthorn_settings when new.name = 'bad' begin select raise(abort, 'refused'); end`,
    );
    const puts = ['a', 'bad', 'b'].map((key) => store.settings.put({ key, value: 'set' }));
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.settings.get({ key: 'a' })).toBe('set');
    expect(await store.settings.get({ key: 'bad' })).toBeUndefined();
    expect(await store.settings.get({ key: 'b' })).toBe('set');
    other.close();
    await store.close();
  });
});
