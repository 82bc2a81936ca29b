/**
 * Runs the examples to their ends, one after the other, or those that are named: `npm run examples -- imggo`. Each is a process of its
 * own that checks itself and ends with exit code 0, or this does not.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const all = readdirSync(`${root}examples`).filter((name) => existsSync(`${root}examples/${name}/main.ts`));
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no example ${unknown.join(', ')}; there are ${all.join(', ')}.`);
  process.exit(2);
}

const failed: string[] = [];
const lines: string[] = [];
for (const name of asked.length > 0 ? asked : all) {
  console.log(`\n=== ${name}`);
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}/main.ts`], {
    cwd: root,
    stdio: 'inherit',
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  lines.push(`${name.padEnd(20)} ${code === 0 ? 'passed' : `failed (${signal ?? code})`}  ${seconds} s`);
  if (code !== 0) failed.push(name);
}
console.log(`\n${lines.join('\n')}`);
if (failed.length > 0) process.exitCode = 1;
