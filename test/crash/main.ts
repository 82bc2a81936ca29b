/**
 * The crash matrix: `npm run test:crash [-- --quick] [--store file] [--window append] [--rounds 3]`, or `-- --self-check`. Kills real
 * processes, and fails when a message was lost, or came more often than the kills explain.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Cell, countFound, describeCell, renderPage } from './page.ts';
import { playRound } from './round.ts';
import { checkSelf } from './self-check.ts';
import { withServers } from './servers.ts';
import { isReachable } from './stores.ts';
import { STORE_KINDS, type StoreKind, WINDOWS, type WindowName } from './windows.ts';

const PAGE = new URL('../../docs/reference/crash-matrix.md', import.meta.url);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'self-check': { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    store: { type: 'string', multiple: true },
    window: { type: 'string', multiple: true },
    rounds: { type: 'string' },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 10));
/** Rounds of the window that has a variant: with nothing there, and with data. */
const openRounds = options.rounds === undefined && options.quick ? 2 : rounds;

process.exitCode = (await withServers(run)) ? 0 : 1;

async function run(): Promise<boolean> {
  if (options['self-check']) {
    const isNoticed = await checkSelf();
    // Red is what it must be; a matrix that stays green on wrong stores has failed.
    console.log(isNoticed ? 'The matrix notices all of them.' : 'The matrix is blind.');
    return isNoticed;
  }
  const cells: Cell[] = [];
  let isGreen = true;
  for (const store of STORE_KINDS.filter((kind) => options.store?.includes(kind) ?? true)) {
    if (!isReachable(store)) {
      isGreen = reportUnreachable(store) && isGreen;
      continue;
    }
    for (const { name } of WINDOWS) {
      if (options.window?.includes(name) === false) continue;
      const cell = await playCell(store, name);
      cells.push(cell);
      isGreen = report(cell) && isGreen;
    }
  }
  if (options.write) writePage(cells);
  return isGreen;
}

async function playCell(store: StoreKind, window: WindowName): Promise<Cell> {
  const results = [];
  const count = window === 'open' ? openRounds : rounds;
  for (let number = 0; number < count; number += 1) results.push(await playRound({ store, window, number }));
  return { store, window, rounds: results };
}

function report(cell: Cell): boolean {
  const problems = cell.rounds.flatMap((round) => round.problems);
  console.log(`${describeCell(cell)} ${problems.length === 0 ? 'ok' : 'FAILED'}`);
  for (const [found, count] of countFound(cell)) console.log(`    ${count} killed with ${found}`);
  for (const problem of problems.slice(0, 10)) console.log(`    ${problem}`);
  return problems.length === 0;
}

/** Left out only where nobody asked for all of them. */
function reportUnreachable(store: StoreKind): boolean {
  console.log(`| ${store} | not run: no server is named by the environment |`);
  return process.env['POSTHORN_TEST_REQUIRE'] !== 'all';
}

function writePage(cells: readonly Cell[]): void {
  const date = new Date().toISOString().slice(0, 10);
  const command = `npm run test:crash -- --write --rounds ${rounds}`;
  writeFileSync(PAGE, renderPage(cells, { date, command, node: process.versions.node }));
}
