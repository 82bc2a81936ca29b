import type { Dialect } from '../dialect.ts';
import { setClause } from '../set-clause.ts';
import type { TemplateRows } from '../template.ts';

/** Separates texts, and stands for null: ids, names and JSON text contain no control characters. */
const SEPARATOR = '\x1e';
const NULL = '\x1d';
const RESERVED = ['\0', NULL, SEPARATOR];

/** PostgreSQL 12 or newer, and PGlite. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  now: '(extract(epoch from clock_timestamp()) * 1000)::bigint',
  isNumbered: true,
  placeholder: (index) => `$${index + 1}`,
  // Cheaper than arrays that the driver encodes, and than JSON: see bench/.
  rowsParameter: (rows, part) => (part.endsWith('t') ? joinTexts(rows, part) : joinNumbers(rows, part)),
  rows(name, columns) {
    const arrays = Object.values(columns).map((type, index) =>
      type === 'int'
        ? `:${name}$${index}i::bigint[]`
        : `(string_to_array(:${name}$${index}t, e'\\x1e', e'\\x1d'))[2:]`,
    );
    return `unnest(${arrays.join(', ')}) with ordinality as ${name}(${Object.keys(columns).join(', ')}, ord)`;
  },
  each: (name, columns) => postgresDialect.rows(name, columns),
  inOrderOf: (name) => ` order by ${name}.ord`,
  lookup: 'join',
  is: (column, value) => `${column} = any(array[${value}])`,
  value: (column) => `${column} + 0`,
  byPrimaryKey: '',
  int: (expression) => `${expression}::bigint`,
  text: (expression) => `${expression}::text`,
  locksRows: true,
  forUpdate: ' for update',
  skipLocked: ' for update skip locked',
  keepRows: ' for key share',
  onConflict(key, changes) {
    if (Object.keys(changes).length === 0) return 'on conflict do nothing';
    return `on conflict (${key.join(', ')}) do update set ${setClause(changes, (column) => `excluded.${column}`)}`;
  },
  // Whoever wants to update locks first, then asks whether it is to be.
  onConflictLock: (key) =>
    `on conflict (${key.join(', ')}) do update set ${key[0]} = excluded.${key[0]} where false`,
  updateFrom: ({ table, rows, on, changes }) =>
    `update ${table} as t set ${setClause(changes)} from ${rows} where ${on}`,
  deleteFrom: ({ table, column, rows, value }) =>
    `delete from ${table} where ${column} in (select ${value} from ${rows})`,
  hasReturning: true,
  hasLateral: true,
  least: (first, second) => `least(${first}, ${second})`,
  greatest: (first, second) => `greatest(${first}, ${second})`,
};

/** An empty first member, which the statement drops: the array of one empty text would be an empty array. */
function joinTexts(rows: TemplateRows, part: string): string {
  const column = Number.parseInt(part, 10);
  let joined = '';
  for (const row of rows) {
    const value = row[column] ?? null;
    joined += SEPARATOR + (value === null ? NULL : checkText(String(value)));
  }
  return joined;
}

/** Each character by itself: a regular expression takes ten times as long for a message of 1 KB. */
function checkText(text: string): string {
  if (RESERVED.some((character) => text.includes(character)))
    throw new TypeError('A text holds one of the characters U+0000, U+001D and U+001E.');
  return text;
}

function joinNumbers(rows: TemplateRows, part: string): string {
  const column = Number.parseInt(part, 10);
  return `{${rows.map((row) => row[column] ?? 'NULL').join(',')}}`;
}
