import type { RoundResult } from './round.ts';
import { type StoreKind, WINDOWS, type WindowName } from './windows.ts';

/** All rounds of one store in one window. */
export interface Cell {
  readonly store: StoreKind;
  readonly window: WindowName;
  readonly rounds: readonly RoundResult[];
}

const STORE_TITLES: Readonly<Record<StoreKind, string>> = {
  file: 'file',
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
};

/** The row of a cell: rounds, emitted, in flight, lost, duplicates. */
export function describeCell({ store, window, rounds }: Cell): string {
  const sum = (pick: (round: RoundResult) => number): number =>
    rounds.reduce((total, round) => total + pick(round), 0);
  const numbers = [
    rounds.length,
    sum(({ emitted }) => emitted),
    sum(({ inFlight }) => inFlight),
    sum(({ lost }) => lost),
    sum(({ duplicates }) => duplicates),
  ];
  return `| ${STORE_TITLES[store]} | ${window} | ${numbers.join(' | ')} |`;
}

/** What was seen from outside when the process stood in the window, and how often. */
export function countFound({ rounds }: Cell): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { found } of rounds) if (found !== undefined) counts.set(found, (counts.get(found) ?? 0) + 1);
  return counts;
}

function describeFound(cell: Cell): string[] {
  return [...countFound(cell)].map(
    ([found, count]) => `| ${STORE_TITLES[cell.store]} | ${cell.window} | ${count} | ${found} |`,
  );
}

/** docs/reference/crash-matrix.md */
export function renderPage(
  cells: readonly Cell[],
  facts: { date: string; command: string; node: string },
): string {
  const windows = WINDOWS.map(({ name, kills }) => `- **${name}**: ${kills}.`);
  return [
    '# Crash matrix',
    '',
    'What is left when the process is killed with SIGKILL while it works. In each round a process emits under load and is killed in the',
    'window named; another process then delivers what the store kept, and a receiver that outlived both is asked what came.',
    '',
    ...windows,
    '',
    '*Emitted* counts emits that had resolved, *in flight* those that had not and deliveries whose outcome was not written yet. *Lost* are',
    'messages whose emit had resolved and which never came: always 0. *Duplicates* are receptions beyond the first: at most one for each',
    'delivery in flight at a kill. A message that is kept without its delivery, or an outcome that is written under a lost lease, is a failure, too.',
    '',
    '| store | killed | rounds | emitted | in flight | lost | duplicates |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ...cells.map(describeCell),
    '',
    'Each kill waits for a marker that the process prints from inside the window. Where it is inside the store, the process stands still there, at',
    'another place in each round, and before the kill another connection, or a look at the folder, makes sure of it:',
    '',
    '| store | killed | kills | found |',
    '| --- | --- | ---: | --- |',
    ...cells.flatMap(describeFound),
    '',
    'A kill with SIGKILL leaves the system running, which brings to the disk all that was written: it cannot show that a sync is missing. That shows a',
    'recording of all writes and syncs of the file store, in its own tests.',
    '',
    'There is one version of the schema so far. A migration over data is that of tables whose version was taken away: it runs again.',
    '',
    `Run on ${facts.date} with Node.js ${facts.node}: \`${facts.command}\`. \`npm run test:crash -- --self-check\` runs three stores that are`,
    'wrong on purpose, and the same rounds on stores that are not: the matrix must be red on the first, with messages lost, received too often or halved, and',
    'green on the others.',
    '',
  ].join('\n');
}
