/**
 * Runs the store suite on drivers of SQLite that are not everywhere: `npm run test:drivers`. better-sqlite3 is not installed with the project, as
 * compiling it takes minutes, once; node:sqlite comes with newer versions of Node.js than the oldest that is supported.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_VERSIONS, provideNode } from './provide-node.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'test/drivers');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Test files, and the `node` that they are run with. */
interface DriverRun {
  readonly driver: string;
  readonly version: string;
  readonly node: string;
  readonly files: readonly string[];
}

function isDone(command: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(command, args, { cwd, stdio: 'inherit' }).status === 0;
}

/** Compiled for this Node.js, so it is tested on this one. */
function prepareBetterSqlite3(): DriverRun {
  const isInstalled = existsSync(join(folder, 'node_modules'));
  if (!isInstalled && !isDone(npm, ['ci', '--no-audit', '--no-fund'], folder))
    throw new Error('better-sqlite3 could not be installed');
  return {
    driver: 'better-sqlite3',
    version: process.versions.node,
    node: process.execPath,
    files: ['test/drivers/better-sqlite3-suite.ts'],
  };
}

async function prepareNodeSqlite(version: string): Promise<DriverRun> {
  const files = ['test/store/sql/node-sqlite-suite.test.ts', 'test/drivers/node-sqlite-suite.ts'];
  return { driver: 'node:sqlite', version, node: await provideNode(version), files };
}

const later = NODE_VERSIONS.filter((version) => Number.parseInt(version) >= 22);
const runs = [prepareBetterSqlite3(), ...(await Promise.all(later.map(prepareNodeSqlite)))];
const vitest = [
  join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--config',
  join(folder, 'vitest.config.ts'),
];
const results = runs.map((run) => ({ ...run, hasPassed: isDone(run.node, [...vitest, ...run.files], root) }));

for (const { driver, version, hasPassed } of results)
  console.log(`${hasPassed ? 'ok    ' : 'FAILED'}  ${driver} on Node.js ${version}`);
if (results.some(({ hasPassed }) => !hasPassed)) process.exitCode = 1;
