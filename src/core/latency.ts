/**
 * How long things take, as counts: durations are sorted into buckets with fixed bounds, so that a store can count them
 * in one statement and counts of several places can be added. Percentiles made of them are at most 10 % off.
 */

/** Growth of the bounds. A bucket is at most a fifth of its lower bound wide, so its middle is less than a tenth off. */
const GROWTH = 1.2;
/** Longest time that an attempt may take; longer ones share the last bucket. */
const LONGEST_MS = 600_000;

/**
 * Upper bounds of the buckets in whole milliseconds, each included in its bucket: 0, 1, 2 … 10, 12, 14, 16, 19, 22 and
 * on to 600,000. One more bucket takes what is longer.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = Object.freeze(createBounds());

/** Durations, counted. */
export interface LatencyCounts {
  /** How many fell into each bucket of `LATENCY_BOUNDS_MS`; the last member counts longer ones. */
  readonly counts: readonly number[];
  /** The longest one; `undefined` when there is none. */
  readonly maxMs: number | undefined;
}

/** What durations were like, in milliseconds. Percentiles are at most 10 % off; up to 10 ms they are exact. */
export interface LatencySummary {
  /** How many durations it is made of. */
  readonly count: number;
  /** Half of them were at most so long. This and the others are `undefined` when there are none. */
  readonly p50Ms: number | undefined;
  readonly p90Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** The longest one, exactly. */
  readonly maxMs: number | undefined;
}

/** Counts durations one by one. */
export class LatencyCounter {
  readonly #counts = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);
  #maxMs: number | undefined;

  add(durationMs: number): void {
    this.#counts[latencyBucket(durationMs)]! += 1;
    this.#maxMs = Math.max(this.#maxMs ?? durationMs, durationMs);
  }

  /** What was counted so far. */
  result(): LatencyCounts {
    return { counts: [...this.#counts], maxMs: this.#maxMs };
  }
}

/** Index of the bucket of a duration: of the first bound that is not below it. */
export function latencyBucket(durationMs: number): number {
  let low = 0;
  let high = LATENCY_BOUNDS_MS.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (LATENCY_BOUNDS_MS[middle]! >= durationMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Percentiles by nearest rank: the middle of the bucket in which that duration is. */
export function summarizeLatency({ counts, maxMs }: LatencyCounts): LatencySummary {
  const count = counts.reduce((sum, each) => sum + each, 0);
  const percentile = (share: number): number | undefined => {
    let left = Math.ceil(count * share);
    const index = counts.findIndex((each) => (left -= each) <= 0);
    return maxMs === undefined ? undefined : Math.min(middleOf(index) ?? maxMs, maxMs);
  };
  return {
    count,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
    maxMs,
  };
}

/** The value from which the two ends of a bucket are equally far, in per cent. `undefined` for the bucket without end. */
function middleOf(index: number): number | undefined {
  const last = LATENCY_BOUNDS_MS[index];
  if (last === undefined) return undefined;
  const first = index === 0 ? last : LATENCY_BOUNDS_MS[index - 1]! + 1;
  return first === last ? last : Math.round((2 * first * last) / (first + last));
}

function createBounds(): number[] {
  const bounds = [0];
  for (let bound = 1; bound < LONGEST_MS; bound = Math.max(bound + 1, Math.floor(bound * GROWTH)))
    bounds.push(bound);
  bounds.push(LONGEST_MS);
  return bounds;
}
