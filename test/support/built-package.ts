/** The package as users get it, built by the project's own tsup configuration, for programs that import it by its name. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A folder below the project, whose programs find the package. Disposing of it deletes it. */
export interface BuiltPackage extends AsyncDisposable {
  readonly folder: string;
  /** Puts a program of the repository into the folder. Its path there. */
  copy(program: URL): Promise<string>;
}

/** Builds into `FOLDER/node_modules/posthorn`. Other packages are found where the project has them. */
export async function createBuiltPackage(prefix: string): Promise<BuiltPackage> {
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, prefix));
  const directory = join(folder, 'node_modules/posthorn');
  await build({
    config: join(root, 'tsup.config.ts'),
    outDir: join(directory, 'dist'),
    dts: false,
    silent: true,
  });
  await copyFile(join(root, 'package.json'), join(directory, 'package.json'));
  return {
    folder,
    async copy(program) {
      const path = join(folder, program.pathname.slice(program.pathname.lastIndexOf('/') + 1));
      await copyFile(fileURLToPath(program), path);
      return path;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
