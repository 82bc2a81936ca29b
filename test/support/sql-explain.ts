import type { Database } from '../../src/store/sql/database.ts';
import type { Row, Script, Statement } from '../../src/store/sql/script.ts';

/** What a database says about a query. */
export interface Explained {
  /** Rows that it read, of tables and of indexes; 0 where the database does not tell. */
  readonly rows: number;
  /** What it should not do, where the database tells of its plan only. */
  readonly problem: string | undefined;
  readonly text: string;
}

/** Runs a query and says what it cost. SQLite only says what it would do. */
export function* explain(db: Database, { sql, parameters }: Statement): Script<Explained> {
  const { prefix, read } = WAYS[db.dialect.name];
  const { rows } = yield { sql: `${prefix} ${sql}`, parameters, isFixed: false };
  const explained = read(rows, sql);
  return { ...explained, text: `${sql}\n${explained.text}` };
}

type Way = { readonly prefix: string; readonly read: (rows: readonly Row[], sql: string) => Explained };

const WAYS: Readonly<Record<Database['dialect']['name'], Way>> = {
  sqlite: { prefix: 'explain query plan', read: readSqlite },
  postgres: { prefix: 'explain (analyze, format json)', read: readPostgres },
  mysql: { prefix: 'analyze format=json', read: readMariadb },
};

/**
 * A list in the order of its numbers may walk along them, but not to find those of a state; nothing else may be read from end to end, and only what
 * is found by ids, or leased, may be sorted.
 */
function readSqlite(rows: readonly Row[], sql: string): Explained {
  const text = rows.map(({ detail }) => String(detail)).join('\n');
  const scans: string[] = text.match(/^SCAN (?!json_each|wanted|v\b|part$|[mda]$)\S+.*$/gm) ?? [];
  if (/\bd\.state in\b/.test(sql)) scans.push(...(text.match(/^SCAN d$/gm) ?? []));
  const sorts = /json_each|message_seq=\?|lease_until>\?/.test(text)
    ? []
    : (text.match(/^USE TEMP B-TREE.*$/gm) ?? []);
  return { rows: 0, problem: [...scans, ...sorts].join(', ') || undefined, text };
}

function readPostgres([row]: readonly Row[]): Explained {
  const plan = row!['QUERY PLAN'] as readonly { readonly Plan: PlanNode }[];
  return { rows: countRows(plan[0]!.Plan), problem: undefined, text: JSON.stringify(plan, undefined, 1) };
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

function countRows(node: PlanNode): number {
  const below = (node.Plans ?? []).reduce((sum, child) => sum + countRows(child), 0);
  if (!/Scan$/.test(node['Node Type'])) return below;
  return below + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
}

function readMariadb([row]: readonly Row[]): Explained {
  const text = String(Object.values(row!)[0]);
  let rows = 0;
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('r_rows' in value) || !('table_name' in value))
      return value;
    rows += Number(value.r_rows) * Number((value as { r_loops?: unknown }).r_loops ?? 1);
    return value;
  });
  return { rows, problem: undefined, text };
}
