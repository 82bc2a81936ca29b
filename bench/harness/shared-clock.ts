import type { Actions } from './serve-actions.ts';
import type { MeasuredProcess } from './start-process.ts';

/**
 * Milliseconds of the monotonic clock of the machine, which is the same for all its processes (CLOCK_MONOTONIC on Linux): no adjustment of the time of
 * day moves it. As a double it resolves less than a microsecond for years.
 */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What a process must serve whose times are compared with those of others. */
export type ClockActions = { now: () => number };

/** @throws Error when the clock of a process is not that of this one, as far as a call to and fro can tell */
export async function expectSharedClock<Served extends Actions & ClockActions>(
  measured: MeasuredProcess<Served>,
): Promise<void> {
  const before = sharedNow();
  const theirs = Number(await measured.call('now', undefined));
  const after = sharedNow();
  if (theirs < before || theirs > after)
    throw new Error(`clocks differ: expected ${theirs} ms to be between ${before} and ${after}`);
}
