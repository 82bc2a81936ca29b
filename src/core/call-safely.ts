import { catchRejection } from './catch-rejection.ts';

/** Calls code of the host that nobody waits for, as its logger: that it throws, or rejects, is the host's affair and disturbs nobody. */
export function callSafely(call: () => unknown): void {
  try {
    catchRejection(call(), () => undefined);
  } catch {
    // As said.
  }
}
