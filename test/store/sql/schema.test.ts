import { afterEach, describe, expect, it } from 'vitest';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import type { TemplateText } from '../../../src/store/sql/database.ts';

const insertSetting: TemplateText = ({ names }) =>
  `insert into ${names.settings} (name, value) values (:name, :value)`;
const selectSettings: TemplateText = ({ names }) =>
  `select name, value from ${names.settings} where name not like 'sql.%' order by name limit :limit`;
const selectRows: TemplateText = ({ dialect }) =>
  `select d.id, d.n from ${dialect.rows('d', { id: 'text', n: 'int' })} order by d.ord`;

describe.each(sqlDatabases())('schema on $name', ({ create }) => {
  let database: TestDatabase;
  afterEach(() => database.close());

  it('tells names apart that differ in case, accent or a space at the end', async () => {
    database = await create();
    const names = ['a', 'A', 'ä', 'a ', '☃', 'z'];
    const rows = await database.run(function* (db) {
      for (const name of names) yield* db.run(insertSetting, { name, value: name.repeat(1_000) });
      return yield* db.query<{ name: string; value: string }>(selectSettings, { limit: 10 });
    });
    expect(rows.map(({ name }) => name)).toEqual([...names].sort());
    expect(rows.every(({ name, value }) => value === name.repeat(1_000))).toBe(true);
  });

  it('compares names with rows that are handed in', async () => {
    database = await create();
    const rows = await database.run(function* (db) {
      yield* db.run(insertSetting, { name: 'one', value: '1' });
      return yield* db.query(
        ({ names, dialect }) =>
          `select d.n from ${names.settings} as t join ${dialect.rows('d', { id: 'text', n: 'int' })} on t.name = d.id`,
        {
          d: [
            ['one', 1_700_000_000_000],
            ['two', null],
          ],
        },
      );
    });
    expect(rows.map(({ n }) => Number(n))).toEqual([1_700_000_000_000]);
  });

  it('hands over texts and numbers as they are', async () => {
    database = await create();
    const given = [
      ['', 0],
      [null, null],
      ['{"a":"\\u0000\\n,\\""}', 1],
      ['\\x1e, {}', -1],
    ] as const;
    const rows = await database.run((db) => db.query(selectRows, { d: given }));
    expect(rows.map(({ id, n }) => [id, n === null ? null : Number(n)])).toEqual(given);
  });
});
