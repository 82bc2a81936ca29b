import type { Dialect, RowColumn } from '../dialect.ts';
import { setClause } from '../set-clause.ts';

/**
 * Compares byte by byte, spaces at the end included, which `utf8mb4_bin` ignores: two tenants may differ by one. MariaDB
 * and MySQL have different names for it; each runs the comment that is meant for it.
 */
export const MYSQL_COLLATION = '/*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */';

const TEXT = `character set utf8mb4 collate ${MYSQL_COLLATION}`;
const ROW_TYPES: Readonly<Record<RowColumn, string>> = {
  text: `longtext ${TEXT}`,
  key: `varchar(256) ${TEXT}`,
  int: 'bigint',
};

/** MariaDB 10.6 or newer; MySQL 8 is written for. */
export const mysqlDialect: Dialect = {
  name: 'mysql',
  // Not by unix_timestamp(now(3)), which is an hour off when a time zone falls back.
  now: `(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`,
  isNumbered: false,
  placeholder: () => '?',
  rowsParameter: (rows) => JSON.stringify(rows),
  rows(name, columns) {
    const members = Object.entries(columns).map(([column, type], index) => {
      return `${column} ${ROW_TYPES[type]} path '$[${index}]'`;
    });
    return `json_table(:${name}$, '$[*]' columns (ord for ordinality, ${members.join(', ')})) as ${name}`;
  },
  each: (name, columns) => mysqlDialect.rows(name, columns),
  inOrderOf: (name) => ` order by ${name}.ord`,
  lookup: 'straight_join',
  is: (column, value) => `${column} = ${value}`,
  value: (column) => column,
  byPrimaryKey: ' force index (primary)',
  int: (expression) => expression,
  text: (expression) => expression,
  locksRows: true,
  forUpdate: ' for update',
  skipLocked: ' for update skip locked',
  keepRows: ' lock in share mode',
  onConflict(key, changes) {
    const assignments =
      Object.keys(changes).length === 0
        ? `${key[0]} = values(${key[0]})`
        : setClause(changes, (column) => `values(${column})`);
    return `on duplicate key update ${assignments}`;
  },
  onConflictLock: (key) => `on duplicate key update ${key[0]} = values(${key[0]})`,
  updateFrom: ({ table, rows, on, changes }) => {
    const own = Object.fromEntries(Object.entries(changes).map(([column, value]) => [`t.${column}`, value]));
    return `update ${rows} straight_join ${table} as t force index (primary) on ${on} set ${setClause(own)}`;
  },
  deleteFrom: ({ table, column, isPrimaryKey, rows, value }) =>
    `delete t from ${rows} straight_join ${table} as t${isPrimaryKey ? ' force index (primary)' : ''} on t.${column} = ${value}`,
  hasReturning: false,
  hasLateral: false,
  least: (first, second) => `least(${first}, ${second})`,
  greatest: (first, second) => `greatest(${first}, ${second})`,
};
