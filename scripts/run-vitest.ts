import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Test files, and the Node.js that they are run with. */
export interface VitestRun {
  /** What is tested. */
  readonly name: string;
  readonly version: string;
  /** Its binary. */
  readonly node: string;
  /** Arguments of `vitest run`. */
  readonly args: readonly string[];
}

/** Runs them one after the other, then says which have passed. The exit code is 1 when one has not. */
export function runVitest(runs: readonly VitestRun[]): void {
  const results = runs.map((run) => ({ ...run, hasPassed: hasPassed(run) }));
  for (const { name, version, hasPassed } of results)
    console.log(`${hasPassed ? 'ok    ' : 'FAILED'}  ${name} on Node.js ${version}`);
  if (results.some(({ hasPassed }) => !hasPassed)) process.exitCode = 1;
}

function hasPassed({ node, args }: VitestRun): boolean {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  return spawnSync(node, [vitest, 'run', ...args], { cwd: root, stdio: 'inherit' }).status === 0;
}
