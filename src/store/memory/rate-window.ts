import type { RateLimit } from '../../core/endpoint.ts';

/** Above this limit, takes are kept in slices instead of one by one. */
const MAX_SLICES = 64;

interface Slice {
  readonly from: number;
  /** Time of its last take. */
  until: number;
  count: number;
}

/**
 * Counts what was leased of a lane: in any span of `intervalMs`, at most `limit`. Takes come back one interval later.
 * Memory is bounded by slices of a 64th of the interval, each counted as if taken at its end, so a large limit
 * is missed by at most that much, and never exceeded.
 */
export class RateWindow {
  #limit: RateLimit;
  #slices: Slice[] = [];
  #taken = 0;

  constructor(limit: RateLimit) {
    this.#limit = limit;
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
    for (const slice of this.#slices) {
      excess -= slice.count;
      if (excess <= 0) return slice.until + this.#limit.intervalMs;
    }
    return Infinity;
  }

  /** True when nothing that was taken counts any more. */
  isUnused(now: number): boolean {
    this.#forget(now);
    return this.#taken === 0;
  }

  /** Counts one take at `now`. */
  take(now: number): void {
    this.#taken += 1;
    const last = this.#slices.at(-1);
    const width = this.#limit.limit > MAX_SLICES ? this.#limit.intervalMs / MAX_SLICES : 0;
    if (last !== undefined && now - last.from <= width) {
      last.until = Math.max(last.until, now);
      last.count += 1;
    } else {
      this.#slices.push({ from: now, until: now, count: 1 });
    }
  }

  #forget(now: number): void {
    let passed = 0;
    while (passed < this.#slices.length && this.#slices[passed]!.until + this.#limit.intervalMs <= now) {
      this.#taken -= this.#slices[passed]!.count;
      passed += 1;
    }
    if (passed > 0) this.#slices.splice(0, passed);
  }
}
