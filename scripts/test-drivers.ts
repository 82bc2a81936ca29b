/** Runs the store suite on drivers that are not installed with the project: `npm run test:drivers`. Compiling them takes minutes, once. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'test/drivers');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: 'inherit' });
}

if (!existsSync(join(folder, 'node_modules'))) run(npm, ['ci', '--no-audit', '--no-fund'], folder);
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
run(process.execPath, [vitest, 'run', '--config', join(folder, 'vitest.config.ts')], root);
