import { describe, expect, it } from 'vitest';
import { Database } from '../../../src/store/sql/database.ts';
import { postgresDialect } from '../../../src/store/sql/postgres/postgres-dialect.ts';
import type { Script, StatementResult } from '../../../src/store/sql/script.ts';
import { sqliteDialect } from '../../../src/store/sql/sqlite/sqlite-dialect.ts';
import { Template } from '../../../src/store/sql/template.ts';

const COLUMNS = { id: 'text', n: 'int' } as const;
const rowsUpTo = (count: number): [string, number][] =>
  Array.from({ length: count }, (_, index) => [`r${index}`, index]);

describe('a template', () => {
  it('numbers a value once where the dialect can', () => {
    const [statement] = new Template('select :a, :b, :a::text', postgresDialect).bind({ a: 1, b: null });
    expect(statement).toEqual({ sql: 'select $1, $2, $1::text', parameters: [1, null], isFixed: true });
  });

  it('repeats it where it cannot', () => {
    const [statement] = new Template('select :a, :b, :a', sqliteDialect).bind({ a: 1, b: 'x' });
    expect(statement).toMatchObject({ sql: 'select ?, ?, ?', parameters: [1, 'x', 1] });
  });

  it('refuses to run without a value', () => {
    expect(() => new Template('select :a', sqliteDialect).bind({})).toThrow(/No value for :a/);
  });

  it.each([
    [0, []],
    [1, [1]],
    [7, [1, 1, 1, 1, 1, 1, 1]],
    [8, [8]],
    [50, [32, 8, 8, 1, 1]],
    [64, [32, 32]],
  ])('writes %i rows out in parts of %j, each value once and in order', (count, sizes) => {
    const template = new Template(`select :a, id from ${sqliteDialect.each('r', COLUMNS)}`, sqliteDialect);
    const statements = template.bind({ a: 'a', r: rowsUpTo(count) });
    expect(statements.map(({ sql }) => sql.split('(?, ?)').length - 1)).toEqual(sizes);
    expect(statements.every(({ parameters }) => parameters[0] === 'a')).toBe(true);
    expect(statements.flatMap(({ parameters }) => parameters.slice(1))).toEqual(rowsUpTo(count).flat());
  });

  it('has one text for each size', () => {
    const template = new Template(`select id from ${sqliteDialect.each('r', COLUMNS)}`, sqliteDialect);
    const texts = [50, 63, 9].flatMap((count) => template.bind({ r: rowsUpTo(count) }).map(({ sql }) => sql));
    expect(new Set(texts).size).toBe(3);
  });
});

describe('a database', () => {
  const db = new Database({ dialect: sqliteDialect, prefix: '' });
  const text = (): string => `select id from ${sqliteDialect.each('r', COLUMNS)}`;

  it('answers with the rows of all parts, and the sum of what they changed', () => {
    expect(answer(db.query(text, { r: rowsUpTo(50) }))).toHaveLength(50);
    expect(answer(db.run(text, { r: rowsUpTo(50) }))).toBe(50);
    expect(answer(db.query(text, { r: [] }))).toEqual([]);
    expect(answer(db.run(text, { r: [] }))).toBe(0);
  });

  it('gives nobody else a statement in parts', () => {
    expect(() => db.bind(text, { r: rowsUpTo(9) })).toThrow(TypeError);
    expect(() => db.bind(text, { r: [] })).toThrow(TypeError);
    expect(db.bind(text, { r: rowsUpTo(8) }).parameters).toHaveLength(16);
  });
});

/** Each statement answers with its rows. */
function answer<T>(script: Script<T>): T {
  let step = script.next();
  while (step.done !== true) {
    const ids = step.value.parameters.filter((value) => typeof value === 'string');
    step = script.next({ rows: ids.map((id) => ({ id })), changed: ids.length } satisfies StatementResult);
  }
  return step.value;
}
