import type { Dialect } from '../dialect.ts';
import { setClause } from '../set-clause.ts';

/** SQLite 3.38 or newer (better-sqlite3, libsql, node:sqlite). A transaction owns the whole database, so nothing is locked. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  now: `cast((julianday('now') - 2440587.5) * 86400000 as integer)`,
  isNumbered: false,
  placeholder: () => '?',
  rowsParameter: (rows) => JSON.stringify(rows),
  rows(name, columns) {
    const members = Object.keys(columns).map((column, index) => `value ->> ${index} as ${column}`);
    return `(select key as ord, ${members.join(', ')} from json_each(:${name}$)) as ${name}`;
  },
  // Reading many values from JSON costs three times as much as taking them as parameters.
  each(name, columns) {
    const members = Object.keys(columns).map((column, index) => `column${index + 1} as ${column}`);
    return `(select ${members.join(', ')} from (values :${name}#${members.length})) as ${name}`;
  },
  inOrderOf: () => '',
  // SQLite keeps the order of these: statistics of a day with few rows would turn it round.
  lookup: 'cross join',
  is: (column, value) => `${column} = ${value}`,
  value: (column) => column,
  byPrimaryKey: '',
  int: (expression) => expression,
  text: (expression) => expression,
  locksRows: false,
  forUpdate: '',
  skipLocked: '',
  keepRows: '',
  onConflict(key, changes) {
    if (Object.keys(changes).length === 0) return 'on conflict do nothing';
    return `on conflict (${key.join(', ')}) do update set ${setClause(changes, (column) => `excluded.${column}`)}`;
  },
  onConflictLock: () => 'on conflict do nothing',
  updateFrom: ({ table, rows, on, changes }) =>
    `update ${table} as t set ${setClause(changes)} from ${rows} where ${on}`,
  deleteFrom: ({ table, column, rows, value }) =>
    `delete from ${table} where ${column} in (select ${value} from ${rows})`,
  hasReturning: true,
  hasLateral: false,
  least: (first, second) => `min(${first}, ${second})`,
  greatest: (first, second) => `max(${first}, ${second})`,
};
