/** Timers are no finer. */
const TICK_MS = 1;

/** One thing to do, at its time. */
export interface PacedCall {
  /** Of this pace, from 0. */
  readonly number: number;
  /** Since the start, as planned. */
  readonly atMs: number;
  /** How much later it is than planned. */
  readonly lateMs: number;
}

/** Calls so many times a second, whatever comes of it: when calls are late, the next ones do not wait for that. Resolves after the last one. */
export function keepPace(
  { perSecond, durationMs }: { perSecond: number; durationMs: number },
  act: (call: PacedCall) => void,
): Promise<void> {
  const count = Math.floor((perSecond * durationMs) / 1000);
  const startedAt = performance.now();
  let number = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      for (; number < count; number += 1) {
        const atMs = (number * 1000) / perSecond;
        const lateMs = performance.now() - startedAt - atMs;
        if (lateMs < 0) return;
        act({ number, atMs, lateMs });
      }
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
}
