import type { Random } from '../clock.ts';

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 5_000;

/** Wait before a store call is tried again: doubles from 50 ms to 5 s, jittered so that processes do not knock in step. */
export function backoffMs(failures: number, random: Random): number {
  const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20));
  return delay * (0.5 + random.fraction() / 2);
}
