import type { Clock, Timer } from '../clock.ts';

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
