import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileFilter, type CustomFilter, type FilterInput } from '../../src/core/compile-filter.ts';
import { FILTER_OPERATORS, validateFilter } from '../../src/core/filter.ts';
import type { JsonValue } from '../../src/core/json.ts';
import { isPattern, matchesPattern } from '../../src/core/pattern.ts';

const PAGE = new URL('../../docs/reference/filters.md', import.meta.url);

/** As on the page. */
const CUSTOM: Record<string, CustomFilter> = { vipOnly: ({ metadata }) => metadata?.['plan'] === 'vip' };

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows below every table head of the page that reads exactly so. */
function rowsOf(head: string): Row[] {
  const rows: Row[] = [];
  let isInside = false;
  readFileSync(PAGE, 'utf8')
    .split('\n')
    .forEach((text, index) => {
      if (text === head) isInside = true;
      else if (!text.startsWith('|')) isInside = false;
      else if (isInside && !text.startsWith('| ---')) {
        const cells = text.split('|').slice(1, -1);
        rows.push({ line: index + 1, cells: cells.map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')) });
      }
    });
  return rows;
}

function inputOf(message: string): FilterInput {
  const given = JSON.parse(message) as Partial<FilterInput> & { data: JsonValue };
  return { type: 'job.completed', tenant: 'acme', metadata: undefined, ...given };
}

function matchesFilter(filter: string, message: string): boolean {
  const expression: unknown = JSON.parse(filter);
  validateFilter(expression, 'filter', new Set(Object.keys(CUSTOM)));
  return compileFilter(expression, (name) => CUSTOM[name]).matches(inputOf(message));
}

const patternRows = rowsOf('| pattern | event type | matches |');
const filterRows = rowsOf('| filter | message | matches |');
const refusedRows = rowsOf('| filter | error says |');

describe('docs/reference/filters.md', () => {
  it.each(patternRows)('line $line: pattern $cells.0, type $cells.1: $cells.2', ({ cells }) => {
    expect(cells).toHaveLength(3);
    const [pattern = '', type = '', expected] = cells;
    expect(isPattern(pattern)).toBe(true);
    expect(matchesPattern(pattern, type) ? 'yes' : 'no').toBe(expected);
  });

  it.each(filterRows)('line $line: filter $cells.0, message $cells.1: $cells.2', ({ cells }) => {
    expect(cells).toHaveLength(3);
    const [filter = '', message = '', expected] = cells;
    expect(matchesFilter(filter, message) ? 'yes' : 'no').toBe(expected);
  });

  it.each(refusedRows)('line $line: filter $cells.0 is refused: $cells.1', ({ cells }) => {
    expect(cells).toHaveLength(2);
    const [filter = '', message = ''] = cells;
    expect(() => matchesFilter(filter, '{"data": {}}')).toThrow(message);
  });

  it('shows a match and a mismatch of every operator', () => {
    for (const operator of FILTER_OPERATORS) {
      const answers = filterRows
        .filter(({ cells }) => cells[0]!.includes(`"${operator}"`))
        .map(({ cells }) => cells[2]);
      expect(new Set(answers), operator).toEqual(new Set(['yes', 'no']));
    }
  });

  it('has all its tables read', () => {
    expect(patternRows.length).toBeGreaterThan(20);
    expect(filterRows.length).toBeGreaterThan(150);
    expect(refusedRows.length).toBeGreaterThan(20);
  });
});
