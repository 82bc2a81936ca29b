/**
 * Tests what users get: packs the package, installs the tarball without development dependencies in an empty folder
 * outside the repository, and runs the probes of test/package/ there on every supported Node.js.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import lockfile from '../package-lock.json' with { type: 'json' };
import { NODE_VERSIONS, provideNode } from './provide-node.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const probes = join(root, 'test/package');
const specifiers = Object.keys(manifest.exports).map((subpath) => manifest.name + subpath.slice(1));
/** Subpaths that need a package which users install beside this one. */
const OPTIONAL = { [`${manifest.name}/prometheus`]: 'prom-client' } as const;
const codeSpecifiers = specifiers.filter(
  (specifier) => !specifier.endsWith('.json') && !Object.hasOwn(OPTIONAL, specifier),
);

const execute = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** A command that failed; its message is all that its reader needs. */
class ProbeError extends Error {}

/** Runs a command to its end; a failure shows everything it printed. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { cwd, timeout: 300_000, maxBuffer: 16 * 2 ** 20 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new ProbeError([`${command} ${args.join(' ')}`, stdout, stderr].join('\n').trimEnd(), {
      cause: error,
    });
  }
}

async function installTarball(consumer: string): Promise<void> {
  await run(npm, ['run', 'build'], root);
  const packed = await run(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], root);
  const [tarball] = JSON.parse(packed.slice(packed.indexOf('['))) as { filename: string; size: number }[];
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  console.log(`packed ${tarball.filename}: ${Math.ceil(tarball.size / 1024)} KiB`);
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "commonjs" }\n');
  await run(
    npm,
    ['install', '--omit=dev', '--silent', '--no-audit', '--no-fund', `./${tarball.filename}`],
    consumer,
  );
  const declared = new Set([manifest.name, ...runtimePackages()]);
  const folder = join(consumer, 'node_modules');
  const installed = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map((scoped) => `${name}/${scoped}`) : [name],
    );
  const unexpected = installed.filter((name) => !declared.has(name));
  if (unexpected.length > 0) throw new Error(`installed without being declared: ${unexpected.join(', ')}`);
  console.log(`installed ${installed.sort().join(', ')}`);
}

/** What the lockfile says that users get: the dependencies, and theirs. */
function runtimePackages(): string[] {
  const packages = lockfile.packages as Readonly<
    Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>
  >;
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
    .map(([path]) => path.replace(/^node_modules\//, ''));
}

/** A CommonJS project in strict TypeScript, which also checks the declarations of every dependency. */
async function compileConsumer(consumer: string): Promise<void> {
  for (const name of ['consumer.cts', 'consumer.mts']) copyFileSync(join(probes, name), join(consumer, name));
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(
    join(consumer, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['consumer.cts', 'consumer.mts'] }),
  );
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', consumer], consumer);
  console.log('ok  a CommonJS and an ES module consumer compile');
}

async function testOn(version: string, node: string, consumer: string): Promise<void> {
  const check = async (what: string, file: string, ...args: string[]): Promise<void> => {
    const printed = (await run(node, [file, ...args], consumer)).trim();
    console.log(
      `ok  node ${version}: ${what}${printed === '' ? '' : ` (${printed.split('\n').at(-1) ?? ''})`}`,
    );
  };
  for (const name of readdirSync(probes).filter((file) => /[.][cm]js$/.test(file))) {
    copyFileSync(join(probes, name), join(consumer, name));
  }
  await check('import() of every subpath', 'import-subpaths.mjs', ...codeSpecifiers);
  await check(
    'require() of every subpath',
    'require-subpaths.cjs',
    ...codeSpecifiers,
    `${manifest.name}/package.json`,
  );
  await check('the entry loads no optional package', 'loaded-packages.mjs', manifest.name);
  await check('the receiver kit loads nothing', 'loaded-packages.mjs', `${manifest.name}/receiver`);
  for (const transport of ['undici', 'ky']) {
    for (const hostCase of ['touched-before', 'touched-after', 'own-dispatcher'])
      await check(
        `fetch of the host is left alone: ${transport}, ${hostCase}`,
        'host-fetch.mjs',
        hostCase,
        transport,
      );
  }
  await check('a thread works on a SQLite file', 'sqlite-thread.mjs');
  const typed = readFileSync(join(probes, 'sqlite-thread.mjs'), 'utf8');
  await check('also for a program on the command line', '--input-type=module', '-e', typed);
  const command = join(consumer, 'node_modules', manifest.name, manifest.bin.posthorn);
  const store = ['--store', `./webhooks-${version}`];
  await check('the command adds an endpoint', command, 'add', 'https://example.com/hooks', 'First', ...store);
  await check('the command lists it', command, 'list', ...store);
  await check('the CommonJS consumer runs', 'consumer.cjs');
  await check('the ES module consumer runs', 'consumer.mjs');
  // Runs from the repository: it reads the README and may need the compiler; only the program runs in the folder.
  await check('the first program of the README runs', join(probes, 'first-program.mjs'), consumer);
}

/** Without its package the error names it; with it the subpath loads. */
async function testOptional(consumer: string): Promise<void> {
  for (const [specifier, needed] of Object.entries(OPTIONAL)) {
    const load = (): Promise<string> => run(process.execPath, ['import-subpaths.mjs', specifier], consumer);
    const refusal = await load().then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    if (refusal?.includes(`Cannot find package '${needed}'`) !== true)
      throw new ProbeError(`${specifier} without ${needed}: ${refusal ?? 'it loads'}`);
    const version = manifest.devDependencies[needed];
    await run(npm, ['install', '--silent', '--no-audit', '--no-fund', `${needed}@${version}`], consumer);
    await load();
    console.log(`ok  ${specifier} loads with ${needed}, and names it without`);
  }
}

const consumer = mkdtempSync(join(tmpdir(), 'posthorn-package-'));
try {
  const provided = Promise.all(
    NODE_VERSIONS.map(async (version) => [version, await provideNode(version)] as const),
  );
  await Promise.all([installTarball(consumer), provided]);
  await compileConsumer(consumer);
  for (const [version, node] of await provided) await testOn(version, node, consumer);
  await testOptional(consumer);
} catch (error) {
  if (!(error instanceof ProbeError)) throw error;
  console.error(`FAILED  ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(consumer, { recursive: true, force: true });
}
