import type { Clock, Timer } from '../clock.ts';
import type { Reporter } from './reporter.ts';

/**
 * Whether something happened within a time. Keeps the process alive meanwhile.
 *
 * @param timeoutMs 0: does not wait; Infinity: waits for as long as it takes
 */
export async function within(
  happening: Promise<unknown> | undefined,
  timeoutMs: number,
  clock: Clock,
): Promise<boolean> {
  if (happening === undefined) return true;
  if (timeoutMs <= 0) return false;
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = clock.setTimer(() => resolve(false), timeoutMs, true);
  });
  try {
    return await Promise.race([happening.then(() => true), late]);
  } finally {
    timer?.cancel();
  }
}

/** Closes something within a time; trouble is reported, never thrown. */
export async function closeSafely(
  what: string,
  close: () => Promise<void>,
  {
    clock,
    reporter,
    timeoutMs,
  }: { readonly clock: Clock; readonly reporter: Reporter; readonly timeoutMs: number },
): Promise<void> {
  try {
    await within(close(), timeoutMs, clock);
  } catch (error) {
    reporter.error(error, `close the ${what}`);
  }
}
