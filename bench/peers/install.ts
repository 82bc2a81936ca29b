import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { REDIS_VARIABLE, requirements } from '../../test/support/requirements.ts';
import type { Bundle } from '../harness/bundle.ts';

const FOLDER = import.meta.dirname;

/** Lets programs find packages of this folder, installed if they are not, or not as the lockfile has them. */
export async function linkPeerPackages(
  bundle: Bundle,
  packages: readonly string[],
  log: (line: string) => void,
): Promise<void> {
  if (packages.length === 0) return;
  if (!isInstalled()) {
    log('installing the packages of bench/peers');
    const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: FOLDER,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`npm ci failed in bench/peers: ${stderr.trim()}`);
  }
  for (const name of packages) await bundle.linkPackage(name, join(FOLDER, 'node_modules', name));
}

/** npm writes this file last. */
function isInstalled(): boolean {
  const installed = join(FOLDER, 'node_modules/.package-lock.json');
  return (
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(join(FOLDER, 'package-lock.json')).mtimeMs
  );
}

/** The server that the environment names. @throws Error that says why there is none */
export async function findRedis(): Promise<string> {
  const found = requirements.redis();
  if (found.found === undefined) throw new Error(`${found.missing}; .ci/redis starts one`);
  const client = createClient({ url: found.found, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect().catch((cause: unknown) => {
    throw new Error(`${REDIS_VARIABLE}: no server answers`, { cause });
  });
  await client.close();
  return found.found;
}
