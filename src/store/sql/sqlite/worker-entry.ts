import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** From the sources the thread needs a loader for TypeScript; the package has it built, beside the file that this becomes part of. */
export const IS_SOURCE = import.meta.url.endsWith('.ts');

/** What the thread runs. */
export const WORKER_ENTRY = new URL(IS_SOURCE ? './sqlite-worker.ts' : './sqlite-worker.js', import.meta.url);

/** False where the application was bundled into one file, and the thread has nothing to run. */
export function hasWorkerEntry(): boolean {
  return WORKER_ENTRY.protocol === 'file:' && existsSync(fileURLToPath(WORKER_ENTRY));
}
