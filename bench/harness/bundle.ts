/**
 * Measured is what users run: the sources bundled by the project's own tsup configuration, built anew for each run, so
 * that nothing depends on whether `dist/` is up to date, and no loader runs in the measured process.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Bundle extends AsyncDisposable {
  /** Where the built form of a source is. */
  pathOf(source: URL): string;
}

/** Builds programs of `bench/`, with all of `src/` they import. Disposing of it deletes them. */
export async function createBundle(sources: readonly URL[]): Promise<Bundle> {
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const outDir = await mkdtemp(join(cache, 'bench-'));
  await build({
    config: join(root, 'tsup.config.ts'),
    // The project's own one knows no path for `posthorn`, because it is what is built there.
    tsconfig: join(root, 'tsconfig.json'),
    entry: Object.fromEntries(sources.map((source) => [nameOf(source), fileURLToPath(source)])),
    outDir,
    // Below node_modules no package.json says that `.js` is a module.
    outExtension: () => ({ js: '.mjs' }),
    dts: false,
    silent: true,
  });
  return {
    pathOf: (source) => join(outDir, `${nameOf(source)}.mjs`),
    [Symbol.asyncDispose]: () => rm(outDir, { recursive: true, force: true }),
  };
}

function nameOf(source: URL): string {
  return basename(source.pathname, '.ts');
}
