/**
 * Measured is what users run: the package as the project's own tsup configuration builds it, built anew for each run, so
 * that nothing depends on whether `dist/` is up to date, and no loader runs in the measured process.
 */
import { mkdtemp, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { createBuiltPackage } from '../../test/support/built-package.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Bundle extends AsyncDisposable {
  /** Where the built form of a source is. */
  pathOf(source: URL): string;
  /** A new folder, on the disk of the project: temporary folders may be in memory, where a flush costs nothing. */
  createFolder(): Promise<string>;
  /** Lets the package find another one that is installed elsewhere. */
  linkPackage(name: string, directory: string): Promise<void>;
}

/** Builds the package, and programs of `bench/` that import it. Disposing of it deletes them, and all folders it made. */
export async function createBundle(sources: readonly URL[]): Promise<Bundle> {
  const built = await createBuiltPackage('bench-');
  const outDir = built.folder;
  await buildPrograms(sources, outDir);
  return {
    pathOf: (source) => join(outDir, `${nameOf(source)}.mjs`),
    linkPackage: (name, directory) => symlink(directory, join(outDir, 'node_modules', name)),
    createFolder: () => mkdtemp(join(outDir, 'data-')),
    [Symbol.asyncDispose]: () => built[Symbol.asyncDispose](),
  };
}

async function buildPrograms(sources: readonly URL[], outDir: string): Promise<void> {
  await build({
    config: false,
    entry: Object.fromEntries(sources.map((source) => [nameOf(source), fileURLToPath(source)])),
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    // It knows no path for `posthorn`, which is to be imported as built.
    tsconfig: join(root, 'tsconfig.build.json'),
    skipNodeModulesBundle: true,
    // Below node_modules no package.json says that `.js` is a module.
    outExtension: () => ({ js: '.mjs' }),
    silent: true,
  });
}

function nameOf(source: URL): string {
  return basename(source.pathname, '.ts');
}
