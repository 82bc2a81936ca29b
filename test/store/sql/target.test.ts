import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresAdapter, PostgresDialect, SqliteAdapter } from 'kysely';
import Libsql from 'libsql';
import mysqlCallback from 'mysql2';
import mysql from 'mysql2/promise';
import { isBuiltin } from 'node:module';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { sqlSchema, sqlStore, type SqlStoreOptions, type SqlTarget } from '../../../src/store/sql/index.ts';
import { loadPackage } from '../../../src/store/sql/load-package.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { askSetup } from '../../support/ask-setup.ts';

const clock = createManualClock();
const folders: string[] = [];
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-target-'));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('sqlStore', () => {
  it('tells what it was given, and opens nothing', () => {
    const path = join(makeFolder(), 'webhooks.db');
    const shapes: readonly (readonly [target: SqlTarget, name: string, durable: boolean, shared: boolean])[] =
      [
        [path, 'sqlite', true, true],
        [`sqlite:${path}`, 'sqlite', true, true],
        [`sqlite://${path}`, 'sqlite', true, true],
        ['sqlite://./webhooks.db', 'sqlite', true, true],
        ['sqlite::memory:', 'sqlite', false, false],
        [`file:${path}`, 'sqlite', true, true],
        [new URL(`file://${path}`), 'sqlite', true, true],
        [':memory:', 'sqlite', false, false],
        ['postgres://nobody:secret@127.0.0.1:1/none', 'postgres', true, true],
        ['postgresql://127.0.0.1:1/none', 'postgres', true, true],
        ['postgres://nobody@/none?host=/run/postgresql', 'postgres', true, true],
        ['mysql://127.0.0.1:1/none', 'mysql', true, true],
        [new URL('mariadb://127.0.0.1:1/none'), 'mysql', true, true],
        [new pg.Pool(), 'postgres', true, true],
        [mysql.createPool('mysql://127.0.0.1:1/none'), 'mysql', true, true],
        [mysqlCallback.createPool('mysql://127.0.0.1:1/none'), 'mysql', true, true],
        [new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool() }) }), 'postgres', true, true],
        [new PostgresDialect({ pool: new pg.Pool() }), 'postgres', true, true],
      ];
    for (const [target, name, durable, shared] of shapes) {
      const store = sqlStore(target);
      expect([store.name, store.capabilities.durable, store.capabilities.shared]).toEqual([
        name,
        durable,
        shared,
      ]);
    }
    expect(existsSync(path)).toBe(false);
  });

  it('tells PGlite from what is durable', () => {
    // Only its prototype: an instance takes seconds to start.
    const pglite = Object.create(PGlite.prototype) as PGlite;
    expect(sqlStore(pglite).capabilities).toMatchObject({
      durable: false,
      shared: false,
      notifications: true,
    });
  });

  it('is told which database a dialect speaks to that it does not know', () => {
    class UnknownAdapter extends PostgresAdapter {}
    Object.defineProperty(UnknownAdapter, 'name', { value: 'a' });
    const dialect = new PostgresDialect({ pool: new pg.Pool() });
    dialect.createAdapter = () => new UnknownAdapter();
    expect(() => sqlStore(dialect)).toThrow(/Give the store \{ dialect, sql: /);
    expect(sqlStore({ dialect, sql: 'postgres' }).name).toBe('postgres');
    expect(() => sqlStore({ dialect, sql: 'oracle' as 'mysql' })).toThrow(/target\.sql: expected a dialect/);
    dialect.createAdapter = () => new SqliteAdapter();
    expect(sqlStore(dialect).name).toBe('sqlite');
  });

  it.each<[unknown, RegExp]>([
    [5432, /target: expected a file path, .* got 5432/],
    [null, /target: expected a file path, .* got null/],
    [undefined, /target: expected a file path, .* got undefined\. Is an environment variable missing\?$/],
    [{}, /target: expected a file path/],
    ['', /target: expected a file path/],
    ['  ', /target: expected a file path/],
    ['a\0b.db', /target: expected a file path/],
    [{ dialect: {}, sql: 'postgres' }, /target\.dialect: expected an instance or a dialect of Kysely/],
    [{ withoutPlugins() {}, executeQuery() {} }, /target: expected a file path/],
    ['redis://:secret@127.0.0.1', /got a URL of another scheme: redis\./],
    ['postgres://me:a#secret@127.0.0.1/shop', /this URL cannot be read.*encodeURIComponent/],
    ['mysql://me:a#secret@127.0.0.1/shop', /this URL cannot be read/],
    ['mysql://root:secret@127.0.0.1', /names no database.*mysql:\/\/user:password@localhost:3306\/name/],
    [new URL('mariadb://root:secret@127.0.0.1:3306/'), /names no database/],
    ['sqlite:./a.db?mode=ro', /has no parameters/],
    ['./a.db?mode=ro', /has no parameters/],
    ['file://./a.db', /three slashes and an absolute path.*file:\.\/webhooks\.db/],
    ['sqlite:', /target: expected a file path/],
    [new pg.Client(), /expected a pool, got a single connection/],
    [mysql.createPoolCluster(), /target: expected a pool of one server, got a PoolCluster.*createPool/],
    [mysql.createPoolCluster().of('*'), /got a PoolCluster/],
    [mysqlCallback.createPoolCluster(), /got a PoolCluster/],
    [mysqlCallback.createPoolCluster().of('*'), /got a PoolCluster/],
  ])('refuses %s', (target, message) => {
    expect(() => sqlStore(target as SqlTarget)).toThrow(message);
    expect(() => sqlStore(target as SqlTarget)).not.toThrow(/secret/);
  });

  it.each<[object, RegExp]>([
    [{ prefx: 'a_' }, /Unknown key "sqlStore\.prefx"\. Did you mean "prefix"\?/],
    [{ prefix: 'A' }, /prefix: expected 1 to 38 characters of a-z/],
    [{ prefix: 'a'.repeat(39) }, /prefix: expected/],
    [{ prefix: 'a; drop table users' }, /prefix: expected/],
    [{ schema: 'jobs' }, /schema: expected nothing: only PostgreSQL/],
    [{ autoMigrate: 'no' }, /autoMigrate: expected true or false, got "no"/],
    [{ pollIntervalMs: 0 }, /pollIntervalMs: expected a whole number from 10 to 60000, got 0/],
    [{ callTimeoutMs: 1 }, /callTimeoutMs: expected/],
    [{ connections: 0 }, /connections: expected/],
    [{ worker: 1 }, /worker: expected true or false, got 1/],
    [{ synchronous: 'off' }, /synchronous: expected one of full, normal, got "off" \(string\)\.$/],
    [
      { driver: 'sqlite3' },
      /driver: expected one of better-sqlite3, libsql, node:sqlite, got "sqlite3" \(string\)\.$/,
    ],
    [{ clock: {} }, /clock\.now: expected a function, got undefined/],
    [{ encryption: { current: 'a', keys: {} } }, /encryption/],
  ])('refuses the options %o', (options, message) => {
    expect(() => sqlStore('./never.db', options as SqlStoreOptions)).toThrow(message);
  });

  it.each<[unknown, object, RegExp]>([
    ['postgres://127.0.0.1/none', { driver: 'libsql' }, /^driver: expected nothing with this target/],
    ['mysql://127.0.0.1/none', { worker: false }, /^worker: expected nothing .*SQLite files/],
    ['mysql://127.0.0.1/none', { synchronous: 'full' }, /^synchronous: expected nothing/],
    [new pg.Pool(), { connections: 2 }, /^connections: expected nothing .*got 2 \(number\)/],
    ['./never.db', { connections: 2 }, /^connections: expected nothing/],
    ['./never.db', { callTimeoutMs: 1_000 }, /^callTimeoutMs: expected nothing .*database servers/],
    [new PostgresDialect({ pool: new pg.Pool() }), { connections: 2 }, /^connections: expected nothing/],
    [new Libsql(':memory:'), { driver: 'libsql' }, /^driver: expected nothing .* says which driver it has/],
  ])('refuses options that %s has no use for: %o', (target, options, message) => {
    expect(() => sqlStore(target as SqlTarget, options as SqlStoreOptions)).toThrow(message);
  });

  it.each([
    [
      'posthorn-no-such-driver',
      /needs the package posthorn-no-such-driver,.*: npm install posthorn-no-such-driver$/,
    ],
    [
      'posthorn-no-such-driver/promise',
      /needs the package posthorn-no-such-driver,.*: npm install posthorn-no-such-driver$/,
    ],
    ['@posthorn/no-driver/promise', /: npm install @posthorn\/no-driver$/],
    // Of the package only a file is missing.
    ['mysql2/no-such-file.js', /mysql2 is installed, but cannot be loaded/],
  ])('says which package to install for %s', async (specifier, message) => {
    const loading = loadPackage(specifier);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toMatchObject({
      name: 'StoreError',
      code: 'driver_missing',
      cause: expect.any(Error) as Error,
    });
  });

  it('says which Node.js has a driver of its own', async () => {
    const loading = loadPackage('node:sqlite');
    if ('sqlite' in process.versions && isBuiltin('node:sqlite'))
      await expect(loading).resolves.toHaveProperty('DatabaseSync');
    else
      await expect(loading).rejects.toThrow(
        /comes with Node\.js 22\.13 and newer; this is Node\.js \d.*npm install better-sqlite3/,
      );
  });

  it('says which file it cannot open', async () => {
    await askSetup('workerPort');
    const path = join(makeFolder(), 'no-such-folder', 'webhooks.db');
    for (const worker of [true, false]) {
      const opening = sqlStore(path, { driver: 'libsql', worker }).open({ clock });
      await expect(opening).rejects.toMatchObject({
        name: 'StoreError',
        code: 'store_failed',
        message: expect.stringContaining(JSON.stringify(path)) as string,
      });
    }
  });

  it('says that it is a folder', async () => {
    const opening = sqlStore(makeFolder(), { driver: 'libsql' }).open({ clock });
    await expect(opening).rejects.toThrow('it is a folder, and a file was expected');
  });

  it('takes the file of a database object, and a connection of its own', async () => {
    const database = new Libsql(join(makeFolder(), 'app.db'));
    const store = sqlStore(database, { worker: false });
    await store.open({ clock });
    database.exec('begin');
    await store.settings.put({ key: 'switch', value: 'off' });
    database.exec('rollback');
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
    await store.close();
    expect(database.prepare('select count(*) as n from posthorn_settings').get()).toBeDefined();
    database.close();
  });

  it('says that a database object is closed', () => {
    const database = new Libsql(join(makeFolder(), 'app.db'));
    database.close();
    let thrown: unknown;
    try {
      sqlStore(database);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'invalid_option',
      path: 'target',
      message:
        'target: this database object is closed, and cannot say which file it was of. Give the store one that is open, or the path of the file.',
    });
  });

  it('uses a database object in memory as it is, and leaves it open', async () => {
    const database = new Libsql(':memory:');
    const store = sqlStore(database);
    expect(store.capabilities).toMatchObject({ durable: false, shared: false });
    await store.open({ clock });
    await store.settings.put({ key: 'switch', value: 'off' });
    await store.close();
    expect(database.prepare(`select value from posthorn_settings where name = 'switch'`).all()).toEqual([
      { value: 'off' },
    ]);
    database.close();
  });

  it('has two stores of different prefixes in one file', async () => {
    const path = join(makeFolder(), 'app.db');
    const [one, two] = ['a_', 'b_'].map((prefix) =>
      sqlStore(path, { prefix, driver: 'libsql', worker: false }),
    );
    await one!.open({ clock });
    await two!.open({ clock });
    await one!.settings.put({ key: 'switch', value: 'off' });
    expect(await two!.settings.get({ key: 'switch' })).toBeUndefined();
    await one!.close();
    await two!.close();
  });

  it('is opened by one dispatcher, and can be opened again when it is closed', async () => {
    const store = sqlStore(join(makeFolder(), 'app.db'), { driver: 'libsql', worker: false });
    await expect(store.settings.get({ key: 'switch' })).rejects.toThrow(/is not open.*open\(\{ clock \}\)/s);
    await store.open({ clock });
    await expect(store.open({ clock })).rejects.toThrow(/open already.*store of its own/s);
    await store.settings.put({ key: 'switch', value: 'off' });
    await store.close();
    await store.open({ clock });
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
    await store.close();
  });
});

describe('sqlSchema', () => {
  it('makes tables under the names that are asked for', () => {
    const text = sqlSchema('postgres', { schema: 'hooks', prefix: 'out_' });
    expect(text).toMatch(
      /^create schema if not exists hooks;\ncreate table if not exists hooks\.out_messages \(/,
    );
    expect(text).not.toContain('posthorn_');
    expect(sqlSchema('mysql', { from: 1 })).toBe('');
  });

  it.each([
    ['postgres', 63],
    ['mysql', 64],
  ] as const)('makes no name that %s would cut', (dialect, maxLength) => {
    const prefix = 'a'.repeat(38);
    const names = sqlSchema(dialect, { prefix }).match(/\ba{38}\w+/g)!;
    expect(names.length).toBeGreaterThan(20);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(maxLength);
  });

  it.each<[unknown, object, RegExp]>([
    ['oracle', {}, /dialect: expected a dialect, got "oracle"/],
    ['mariadb', {}, /dialect: expected a dialect, got "mariadb"\. Its dialect is "mysql"\./],
    ['pg', {}, /Its dialect is "postgres"\./],
    ['PostgreSQL', {}, /Its dialect is "postgres"\./],
    ['postgre', {}, /Did you mean "postgres"\?/],
    ['mysql', { schema: 'hooks' }, /schema: expected nothing/],
    ['sqlite', { form: 1 }, /Did you mean "from"\?/],
    ['sqlite', { from: 2 }, /from: expected a whole number from 0 to 1/],
  ])('refuses %s with %o', (dialect, options, message) => {
    expect(() => sqlSchema(dialect as 'mysql', options)).toThrow(message);
  });
});
