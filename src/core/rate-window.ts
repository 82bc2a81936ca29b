import type { RateLimit } from './endpoint.ts';

/** Above this limit, takes are kept in slices instead of one by one. */
const MAX_SLICES = 64;

/** Takes of one moment, or of a short while: when the first and the last were made, and how many. Plain data, to be stored. */
export type RateSlice = readonly [from: number, until: number, count: number];

/**
 * Counts what was leased of a lane: in any span of `intervalMs`, at most `limit`. Takes come back one interval later.
 * Memory is bounded by slices of a 64th of the interval, each counted as if taken at its end, so a large limit
 * is missed by at most that much, and never exceeded.
 */
export class RateWindow {
  #limit: RateLimit;
  readonly #slices: RateSlice[];
  #taken: number;

  /** @param slices - what was taken before, oldest first */
  constructor(limit: RateLimit, slices: readonly RateSlice[] = []) {
    this.#limit = limit;
    this.#slices = [...slices];
    this.#taken = slices.reduce((sum, [, , count]) => sum + count, 0);
  }

  /** What was taken and still counts, oldest first. */
  get slices(): readonly RateSlice[] {
    return this.#slices;
  }

  /** Changes the limit; what was taken stays taken. */
  configure(limit: RateLimit): void {
    this.#limit = limit;
  }

  /** When one more may be taken: `now` or later. */
  nextAt(now: number): number {
    this.#forget(now);
    // After the limit was lowered, several slices may have to pass.
    let excess = this.#taken + 1 - this.#limit.limit;
    if (excess <= 0) return now;
    for (const [, until, count] of this.#slices) {
      excess -= count;
      if (excess <= 0) return until + this.#limit.intervalMs;
    }
    return Infinity;
  }

  /** How many may be taken at `now`. */
  room(now: number): number {
    this.#forget(now);
    return Math.max(0, this.#limit.limit - this.#taken);
  }

  /** True when nothing that was taken counts any more. */
  isUnused(now: number): boolean {
    this.#forget(now);
    return this.#taken === 0;
  }

  /** Counts takes at `now`. */
  take(now: number, count = 1): void {
    this.#taken += count;
    const last = this.#slices.at(-1);
    const width = this.#limit.limit > MAX_SLICES ? this.#limit.intervalMs / MAX_SLICES : 0;
    if (last !== undefined && now - last[0] <= width) {
      this.#slices[this.#slices.length - 1] = [last[0], Math.max(last[1], now), last[2] + count];
    } else {
      this.#slices.push([now, now, count]);
    }
  }

  #forget(now: number): void {
    this.#noteSetBack(now);
    let passed = 0;
    while (passed < this.#slices.length && this.#slices[passed]![1] + this.#limit.intervalMs <= now) {
      this.#taken -= this.#slices[passed]![2];
      passed += 1;
    }
    if (passed > 0) this.#slices.splice(0, passed);
  }

  /**
   * The clock was set back when something was taken more than an interval from now: it counts from now on, or the lane would be closed for as long as
   * the clock was ahead. Less may be two callers that read the clock and came in the other order.
   */
  #noteSetBack(now: number): void {
    const last = this.#slices.at(-1);
    if (last === undefined || last[1] <= now + this.#limit.intervalMs) return;
    for (const [index, [from, until, count]] of this.#slices.entries())
      this.#slices[index] = [Math.min(from, now), Math.min(until, now), count];
  }
}
