import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Programs that run in processes and threads of their own, by the name of the file that each becomes. */
const PROGRAMS = {
  'worker-program': 'test/support/worker-program.ts',
  'sqlite-worker': 'src/store/sql/sqlite/sqlite-worker.ts',
};

/** The program of worker processes, built. A loader would cost each of them more time than all that it does. */
export interface WorkerBundle {
  readonly program: string;
  remove(): void;
}

export async function buildWorkers(): Promise<WorkerBundle> {
  const cache = join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'workers-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  await build({
    config: false,
    entry: Object.fromEntries(Object.entries(PROGRAMS).map(([name, path]) => [name, join(ROOT, path)])),
    outDir: folder,
    tsconfig: join(ROOT, 'tsconfig.json'),
    format: 'esm',
    target: 'node20',
    platform: 'node',
    // Packages are loaded from where they are installed: some have native parts.
    external: [/^[^./]/],
    dts: false,
    silent: true,
  });
  return {
    program: join(folder, 'worker-program.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
