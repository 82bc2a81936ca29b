/** What the figures are aimed at, line by line; docs/reference/performance.md says what was measured for each. */

/** One line. */
export interface Target {
  /** For people. */
  readonly what: string;
  readonly case: string;
  readonly contender: string;
  readonly mode?: string;
  /** `undefined`: the ratio. */
  readonly figure?: string;
  readonly bound: 'least' | 'most';
  readonly value: number;
}

const RAW = 'of raw `undici.request`';

export const TARGETS: readonly Target[] = [
  ...throughput('memory store', 'memory', { live: 1 }),
  ...throughput('file store', 'file', { live: 0.75 }),
  ...throughput('SQLite FULL, better-sqlite3, in process', 'better-sqlite3-inline', {
    live: 0.6,
    drain: 0.7,
  }),
  ...throughput('SQLite FULL, better-sqlite3, in a thread', 'better-sqlite3', { live: 0.7, drain: 0.85 }),
  ...throughput('PostgreSQL', 'postgres', { live: 0.55, drain: 0.75 }),
  least(
    4,
    'PostgreSQL, end to end, by the best peer on PostgreSQL',
    'peers',
    'posthorn-postgres',
    'by best on postgres',
  ),
  least(2, 'PostgreSQL, end to end, by BullMQ', 'peers', 'posthorn-postgres', 'by bullmq'),
  most(1.3, 'emit to receipt at 200/s, p50, memory store, by the raw control', 'latency', 'memory'),
  most(2.2, 'the same, SQLite FULL (better-sqlite3)', 'latency', 'better-sqlite3'),
  most(5, 'the same, PostgreSQL', 'latency', 'postgres'),
  most(1.2, 'an emit with 100,000 endpoints registered, ten matching, by ten registered', 'emit', '100000'),
  most(2, 'the same, 100,000 filters on one type', 'emit', '100000-filters'),
  least(0.8, 'fan-out to 1,000 endpoints on 100 origins, by raw requests to them', 'fanout', 'memory'),
  ...['sqlite', 'postgres'].flatMap((store) =>
    ['scheduled', 'blocked'].flatMap((mode) => backlog(store, mode)),
  ),
  least(0.9, '`kyTransport()`, by a plain loop over ky', 'throughput', 'ky', 'live'),
];

/** In words, for the result of a contender. */
export function goalOf(caseName: string, contender: string, mode?: string): string {
  const target = TARGETS.find(
    (each) =>
      each.case === caseName &&
      each.contender === contender &&
      each.mode === mode &&
      each.figure === undefined,
  );
  const name = [contender, mode].filter((part) => part !== undefined).join(' ');
  return `${name}: ${target === undefined ? 'none' : `at ${target.bound} ${target.value}`}`;
}

function least(value: number, what: string, caseName: string, contender: string, mode?: string): Target {
  return { what, case: caseName, contender, ...(mode === undefined ? {} : { mode }), bound: 'least', value };
}

function most(value: number, what: string, caseName: string, contender: string): Target {
  return { what, case: caseName, contender, bound: 'most', value };
}

function throughput(
  what: string,
  contender: string,
  goals: Readonly<Partial<Record<'live' | 'drain', number>>>,
): Target[] {
  return Object.entries(goals).map(([mode, value]) =>
    least(value, `${what}, ${mode === 'live' ? 'live' : 'draining'}, ${RAW}`, 'throughput', contender, mode),
  );
}

function backlog(store: string, mode: string): Target[] {
  const rows = mode === 'scheduled' ? '1,000,000 due later' : '3,000,000 due now on blocked lanes';
  const what = `fresh events beside ${rows}, ${store}`;
  return [
    least(0.9, `${what}, by an empty table`, 'backlog', `${store}-${mode}`),
    { ...most(200, `${what}: memory, MB`, 'backlog', `${store}-${mode}`), figure: 'rssMb' },
  ];
}
