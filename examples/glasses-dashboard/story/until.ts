import { setTimeout } from 'node:timers/promises';

const LIMIT_MS = 15_000;

/** Resolves when it is so. @param what for the error, if it never is */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const startedAt = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAt > LIMIT_MS) throw new Error(`Waited in vain until ${what}.`);
    await setTimeout(20);
  }
}
