import type { RunResult } from '../contenders/job.ts';

/** A machine that is too slow for the warm-up is measured as it is. */
const MAX_WARM_UP_MS = 15_000;

/** Works until so many messages are sent. */
export async function warmUp(messages: number, work: () => Promise<RunResult>): Promise<void> {
  let elapsedMs = 0;
  for (let sent = 0; sent < messages && elapsedMs < MAX_WARM_UP_MS;) {
    const result = await work();
    sent += result.sent;
    elapsedMs += result.elapsedMs;
  }
}
