import { fileURLToPath } from 'node:url';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where the bundle of the thread of the SQLite store is, for tests. */
export const BUILT_WORKER = source('../../node_modules/.cache/posthorn-test/sqlite-worker.js');

/** Bundles it. */
export async function buildWorker(): Promise<void> {
  const { build } = await import('tsup');
  await build({
    config: false,
    entry: { 'sqlite-worker': source('../../src/store/sql/sqlite/sqlite-worker.ts') },
    outDir: source('../../node_modules/.cache/posthorn-test'),
    tsconfig: source('../../tsconfig.build.json'),
    format: 'esm',
    target: 'node20',
    // Hundreds of small files would make each of hundreds of threads start slowly.
    noExternal: [/.*/],
    silent: true,
  });
}
