/** Stands for `src/store/sql/sqlite/worker-entry.ts` in tests: the thread runs what was bundled when the run began. From the sources it takes seconds to start. */
import { pathToFileURL } from 'node:url';
import { BUILT_WORKER } from './built-worker.ts';

export const IS_SOURCE = false;
export const WORKER_ENTRY = pathToFileURL(BUILT_WORKER);
export const hasWorkerEntry = (): boolean => true;
