/** A SQLite file that is removed, renamed or replaced while a process works with it: SQLite itself notices nothing. */
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it, vi } from 'vitest';
import { WebhookDispatcher } from '../../../src/dispatcher.ts';
import { FileWatch } from '../../../src/store/sql/sqlite/file-watch.ts';
import { sqlStore } from '../../../src/store/sql/index.ts';
import { createPlace } from '../../support/store-places.ts';
import { until } from '../../support/world.ts';
import { batch, claiming, delivery, entry } from './fixtures.ts';

const REFUSED = {
  name: 'StoreError',
  code: 'store_failed',
  message: expect.stringContaining('was removed, renamed or replaced while this process had it open'),
};

const HARMS: readonly (readonly [string, (path: string) => void])[] = [
  ['removed', (path) => rmSync(path)],
  ['renamed', (path) => renameSync(path, `${path}.old`)],
  [
    'replaced',
    (path) => {
      const other = new Libsql(`${path}.new`);
      other.exec('create table a (b)');
      other.close();
      renameSync(`${path}.new`, path);
    },
  ],
  ['robbed of its log', (path) => rmSync(`${path}-wal`)],
  ['robbed of the index of its log', (path) => rmSync(`${path}-shm`)],
];

describe.each([
  ['in a thread', true, false],
  ['in the process', false, false],
  ['in the process, of the database object of the application', false, true],
])('a store %s', (_, worker, isGiven) => {
  it.each(HARMS)('takes nothing more once its file was %s', async (__, harm) => {
    await using place = await createPlace('sqlite');
    const path = place.location.url;
    const application = isGiven ? new Libsql(path) : undefined;
    const store = sqlStore(
      application ?? path,
      application === undefined ? { worker, driver: 'libsql' } : { worker },
    );
    await store.open({ clock: Date });
    const put = (): Promise<void> => store.settings.put({ key: 'switch', value: 'off' });
    await put();
    harm(path);
    await until(
      () =>
        put().then(
          () => false,
          () => true,
        ),
      'a write is refused',
      5_000,
    );
    await expect(put()).rejects.toMatchObject(REFUSED);
    await expect(store.append(batch([entry([delivery('ep')])]))).rejects.toMatchObject(REFUSED);
    await expect(store.claimDue(claiming())).rejects.toMatchObject(REFUSED);
    // Nobody is kept from reading what there was.
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
    await store.close();
    application?.close();
  });
});

describe('a dispatcher whose SQLite file was removed', () => {
  it('rejects emits, and says why and what to do', async () => {
    await using place = await createPlace('sqlite');
    const store = sqlStore(place.location.url, { driver: 'libsql' });
    const dispatcher = new WebhookDispatcher({ store, emitTimeoutMs: 100 });
    await dispatcher.start();
    await dispatcher.emit('job.done', 1);
    rmSync(place.location.url);
    let error: unknown;
    await until(
      () =>
        dispatcher.emit('job.done', 2).then(
          () => false,
          (thrown: unknown) => (error = thrown) !== undefined,
        ),
      'an emit is refused',
      5_000,
    );
    expect(error).toMatchObject({ code: 'emit_timeout', cause: REFUSED });
    await dispatcher.stop({ timeoutMs: 0 });
  });
});

describe('FileWatch', () => {
  function setup(): {
    folder: string;
    path: string;
    advance(ms: number): void;
    watch(at?: string): FileWatch;
  } & Disposable {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-watch-'));
    const path = join(folder, 'a.db');
    for (const name of [path, `${path}-wal`, `${path}-shm`]) writeFileSync(name, '');
    let now = 0;
    return {
      folder,
      path,
      advance: (ms) => void (now += ms),
      watch: (at = path) => new FileWatch(at, () => now),
      [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
    };
  }

  it('looks at most once in a second', () => {
    using world = setup();
    const watch = world.watch();
    rmSync(world.path);
    world.advance(999);
    watch.check();
    world.advance(1);
    expect(() => watch.check()).toThrow(expect.objectContaining(REFUSED));
  });

  it('stays at what it found, also when the file is put back', () => {
    using world = setup();
    const watch = world.watch();
    renameSync(world.path, `${world.path}.old`);
    world.advance(1_000);
    expect(() => watch.check()).toThrow();
    renameSync(`${world.path}.old`, world.path);
    world.advance(1_000);
    expect(() => watch.check()).toThrow(expect.objectContaining(REFUSED));
  });

  it('says what to do', () => {
    using world = setup();
    const watch = world.watch();
    rmSync(world.path);
    world.advance(1_000);
    expect(() => watch.check()).toThrow('Stop the process; then put the file back');
  });

  it('finds the log that came after it, beside what a link leads to', () => {
    using world = setup();
    rmSync(`${world.path}-wal`);
    const link = join(world.folder, 'link.db');
    symlinkSync(world.path, link);
    const watch = world.watch(link);
    writeFileSync(`${world.path}-wal`, '');
    world.advance(1_000);
    watch.check();
    rmSync(`${world.path}-wal`);
    world.advance(1_000);
    expect(() => watch.check()).toThrow(JSON.stringify(`${world.path}-wal`));
  });

  it('means the folder in which it was opened, wherever the process goes', () => {
    using world = setup();
    const folder = vi.spyOn(process, 'cwd').mockReturnValue(world.folder);
    const watch = world.watch('a.db');
    folder.mockRestore();
    world.advance(1_000);
    watch.check();
    rmSync(world.path);
    world.advance(1_000);
    expect(() => watch.check()).toThrow(JSON.stringify(world.path));
  });
});
