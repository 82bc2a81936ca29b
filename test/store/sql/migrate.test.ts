import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { DialectName } from '../../../src/store/sql/dialect.ts';
import { SCHEMA_VERSION } from '../../../src/store/sql/schema/schema.ts';
import { sqlSchema } from '../../../src/store/sql/schema/sql-schema.ts';
import type { Store } from '../../../src/store/store.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { mysqlPlace, postgresPlace, sqlitePlace, type TestPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

const folder = fileURLToPath(new URL('./schema-versions/', import.meta.url));
const versions = [...new Set(readdirSync(folder).map((file) => Number.parseInt(file, 10)))];
const readFixture = (name: string): string => readFileSync(`${folder}${name}.sql`, 'utf8');

interface Kind {
  readonly name: string;
  readonly dialect: DialectName;
  readonly makePlace: () => Promise<TestPlace>;
}

const kinds: readonly Kind[] = [
  { name: 'SQLite', dialect: 'sqlite', makePlace: () => sqlitePlace({ driver: 'libsql', worker: false }) },
  { name: 'PostgreSQL', dialect: 'postgres', makePlace: postgresPlace },
  ...(storeSuites().mariadb.missing === undefined
    ? [{ name: 'MariaDB', dialect: 'mysql' as const, makePlace: mysqlPlace }]
    : []),
];

describe.each(kinds)('migrations on $name', ({ dialect, makePlace }) => {
  const opened: Store[] = [];
  let place: TestPlace;
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await place.drop();
  });

  async function open(options: Parameters<TestPlace['store']>[0] = {}): Promise<Store> {
    const clock = createManualClock();
    const store = place.store({ clock, ...options });
    opened.push(store);
    await store.open({ clock });
    return store;
  }

  /** Runs statements one by one, as not every driver takes many. */
  async function runAll(sql: string): Promise<void> {
    const schema = place.tables.includes('.') ? place.tables.split('.')[0] : undefined;
    if (schema !== undefined) {
      await place.run(`create schema if not exists ${schema}`);
      await place.run(`set search_path = ${schema}`);
    }
    for (const statement of sql.split(/;\n/)) if (statement.trim() !== '') await place.run(statement);
  }

  it('makes the tables once, however many processes open the store at the same time', async () => {
    place = await makePlace();
    const stores = await Promise.all(Array.from({ length: 6 }, () => open()));
    await stores[0]!.settings.put({ key: 'switch', value: 'off' });
    for (const store of stores) expect(await store.settings.get({ key: 'switch' })).toBe('off');
  });

  it('makes the tables under the longest prefix', async () => {
    place = await makePlace();
    const store = await open({ prefix: 'a'.repeat(38) });
    await store.settings.put({ key: 'switch', value: 'off' });
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
  });

  it('leaves a database alone that it may not migrate, and says what to run', async () => {
    place = await makePlace();
    await expect(open({ autoMigrate: false })).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining(`sqlSchema('${dialect}'`) as string,
    });
    await expect(place.run(`select * from ${place.tables}settings`)).rejects.toThrow();
  });

  it('works on tables that were made from its SQL', async () => {
    place = await makePlace();
    await runAll(sqlSchema(dialect));
    const store = await open({ autoMigrate: false });
    await store.settings.put({ key: 'switch', value: 'off' });
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
  });

  it('refuses tables of a newer release', async () => {
    place = await makePlace();
    await runAll(sqlSchema(dialect));
    await place.run(`update ${place.tables}settings set value = '99' where name = 'sql.schema_version'`);
    await expect(open()).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringMatching(/version 99.*Install that one/s) as string,
    });
  });

  it('finishes what a migration began that did not end', async () => {
    place = await makePlace();
    await runAll(sqlSchema(dialect));
    await place.run(`delete from ${place.tables}settings where name = 'sql.schema_version'`);
    await place.run(`drop table ${place.tables}changes`);
    const store = await open();
    await store.settings.put({ key: 'switch', value: 'off' });
    expect(await store.settings.get({ key: 'switch' })).toBe('off');
  });

  it.each(versions)('takes over what version %i holds', async (version) => {
    place = await makePlace();
    await runAll(readFixture(`${version}.${dialect}`));
    await runAll(readFixture(`${version}.data`));
    const store = await open();
    const stored = await store.endpoints.get({ id: 'ep_1' });
    expect(stored?.record).toMatchObject({ tenant: 'acme', events: ['job.*'] });
    expect(stored?.lane).toMatchObject({ succeeded: 3, consecutiveFailures: 1 });
    expect(await store.settings.get({ key: 'switch' })).toBe('on');
    const { leased } = await store.claimDue({
      lease: 'token',
      owner: 'owner',
      leaseMs: 60_000,
      limit: 10,
      perLane: 10,
      freeSlots: new Map(),
      maxRescues: 5,
    });
    expect(leased).toMatchObject([
      { id: 'dlv_1', attempts: 2, message: { id: 'msg_1', dataJson: '{"jobId":"42"}' } },
    ]);
    const { items } = await store.list({ of: 'attempts', where: { tenant: 'acme' }, limit: 10 });
    expect(items).toMatchObject([{ attempt: 1, reason: 'http_status' }]);
  });

  it('has a fixture of its own version', () => {
    place = { drop: async () => undefined } as unknown as TestPlace;
    expect(versions).toContain(SCHEMA_VERSION);
    if (SCHEMA_VERSION > 1) return;
    const hint = 'Not published yet? Then write it anew: npx tsx scripts/schema-fixture.ts';
    expect(readFixture(`1.${dialect}`), hint).toBe(sqlSchema(dialect));
  });
});
