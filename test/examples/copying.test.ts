/** The lines by which the README of each example says it is copied and kept, run as printed; only `npm install` finds all of it here already. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltPackage, createBuiltPackage } from '../support/built-package.ts';
import { createPostgresDatabase, needPostgres } from '../support/postgres-database.ts';

const execute = promisify(execFile);
const LIMIT = { timeout: 60_000 };
const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const NAMES = ['print-service', 'glasses-dashboard', 'emp-job-queue', 'imggo', 'remotedev-cloud'];
const readBlocks = (name: string): readonly string[] =>
  [...readFileSync(`${EXAMPLES}${name}/README.md`, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
    ([, code = '']) => code,
  );

function blockWith(name: string, text: string): string {
  const found = readBlocks(name).find((block) => block.includes(text));
  if (found === undefined) throw new Error(`${name}/README.md has no block of sh with ${text}`);
  return found;
}

/** Packages that the files of an example import, types alone included. */
function importedPackages(name: string): ReadonlySet<string> {
  const files = readdirSync(`${EXAMPLES}${name}`, { recursive: true, encoding: 'utf8' });
  const code = files
    .filter((file) => /\.m?[jt]s$/.test(file))
    .map((file) => readFileSync(`${EXAMPLES}${name}/${file}`, 'utf8'));
  const specifiers = [...code.join('\n').matchAll(/(?:from|^import|import\() ?'([a-z@][^']*)'/gm)];
  return new Set(
    specifiers.flatMap(([, specifier = '']) => (isBuiltin(specifier) ? [] : [specifier.split('/')[0]!])),
  );
}

describe('an example that is copied', () => {
  let built: BuiltPackage;
  needPostgres();
  beforeAll(async () => {
    built = await createBuiltPackage('copied-');
  }, LIMIT.timeout);
  afterAll(() => built[Symbol.asyncDispose]());

  async function copy(name: string): Promise<string> {
    const folder = join(built.folder, name);
    await cp(`${EXAMPLES}${name}`, folder, { recursive: true });
    const lines = blockWith(name, 'npm install').replace(/^npm install.*$/m, '');
    await execute('bash', ['-ec', lines], { cwd: folder });
    return folder;
  }

  it.each(NAMES)('has the packages that its files need: %s', LIMIT, async (name) => {
    const folder = await copy(name);
    expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))).toMatchObject({
      type: 'module',
    });
    const [, installed = ''] = /^npm install (.+)$/m.exec(blockWith(name, 'npm install')) ?? [];
    const driver = readBlocks(name).some((block) => block.includes('postgres://')) ? ['pg'] : [];
    const needed = new Set([...importedPackages(name), ...driver, 'tsx']);
    expect(new Set(installed.split(' '))).toEqual(needed);
  });

  it.each(['emp-job-queue', 'imggo', 'remotedev-cloud'])('starts by its lines: %s', LIMIT, async (name) => {
    await using database = await createPostgresDatabase();
    const folder = await copy(name);
    const onDatabase = (lines: string): string => lines.replace(/postgres:\/\/localhost\/\w+/, database.url);
    const start = onDatabase(blockWith(name, 'export DATABASE_URL'))
      .replace(/PORT=\d+/, 'PORT=0')
      .replace('node --import', 'exec node --import');
    const child = spawn('bash', ['-ec', start], {
      cwd: folder,
      env: { ...process.env, PORT: '0', METRICS_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      let url: string | undefined;
      for await (const line of createInterface(child.stdout)) {
        url = /listening on ([^,\s]+)/.exec(line)?.[1];
        if (url !== undefined) break;
      }
      expect(url).toBeDefined();
      if (name !== 'remotedev-cloud') return;
      const [createUser = '', curl = ''] = blockWith(name, 'createUser').split(/^(?=curl)/m);
      await execute('bash', ['-ec', createUser], {
        cwd: folder,
        env: { ...process.env, DATABASE_URL: database.url },
      });
      const [, authorization = ''] = /'Authorization: (.+?)'/.exec(curl) ?? [];
      const response = await fetch(`${url}/api/webhooks`, { headers: { authorization } });
      expect(await response.json()).toMatchObject({ success: true, data: [] });
    } finally {
      child.kill();
      await ended;
    }
  });
});
