import { describe, expect, it } from 'vitest';
import { selectEach } from '../../../src/store/sql/operations/select-each.ts';
import { runAsync } from '../../../src/store/sql/run-script.ts';
import type { Statement } from '../../../src/store/sql/script.ts';

/** What a number of parameters makes of the select, and the rows that they answer with: those of the parameters that are not `filling`. */
async function setup(count: number): Promise<{ statements: Statement[]; rows: readonly unknown[] }> {
  const statements: Statement[] = [];
  const parameters = Array.from({ length: count }, (_, index) => [`lane_${index}`]);
  const rows = await runAsync(selectEach('select ? as id', parameters, ['']), async (statement) => {
    statements.push(statement);
    const found = statement.parameters.filter((id) => id !== '');
    return { rows: found.map((id) => ({ id })), changed: 0 };
  });
  return { statements, rows };
}

describe('selectEach', () => {
  it('asks nothing for no parameters', async () => {
    expect(await setup(0)).toEqual({ statements: [], rows: [] });
  });

  it('answers for all parameters, in their order', async () => {
    for (const count of [1, 2, 3, 31, 32, 33, 100]) {
      const { statements, rows } = await setup(count);
      expect(rows).toEqual(Array.from({ length: count }, (_, index) => ({ id: `lane_${index}` })));
      expect(statements).toHaveLength(Math.ceil(count / 32));
    }
  });

  it('makes few texts of any number, each to be prepared', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, (_, count) => setup(count)));
    const statements = all.flatMap((one) => one.statements);
    expect(new Set(statements.map(({ sql }) => sql)).size).toBe(6);
    expect(statements.every(({ isFixed }) => isFixed)).toBe(true);
    for (const { sql, parameters } of statements) expect(sql.split('?')).toHaveLength(parameters.length + 1);
  });
});
