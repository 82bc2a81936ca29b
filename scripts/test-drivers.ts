/**
 * Runs the store suite on drivers of SQLite that are not everywhere: `npm run test:drivers`. better-sqlite3 is not installed with the project, as
 * compiling it takes minutes, once; node:sqlite comes with newer versions of Node.js than the oldest that is supported.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_VERSIONS, provideNode } from './provide-node.ts';
import { runVitest, type VitestRun } from './run-vitest.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'test/drivers');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

const config = ['--config', join(folder, 'vitest.config.ts')];

/** Compiled for this Node.js, so it is tested on this one. */
function prepareBetterSqlite3(): VitestRun {
  const isInstalled = existsSync(join(folder, 'node_modules'));
  if (!isInstalled) execFileSync(npm, ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
  return {
    name: 'better-sqlite3',
    version: process.versions.node,
    node: process.execPath,
    args: [...config, 'test/drivers/better-sqlite3-suite.ts'],
  };
}

async function prepareNodeSqlite(version: string): Promise<VitestRun> {
  const files = ['test/store/sql/node-sqlite-suite.test.ts', 'test/drivers/node-sqlite-suite.ts'];
  return { name: 'node:sqlite', version, node: await provideNode(version), args: [...config, ...files] };
}

const later = NODE_VERSIONS.filter((version) => Number.parseInt(version) >= 22);
runVitest([prepareBetterSqlite3(), ...(await Promise.all(later.map(prepareNodeSqlite)))]);
