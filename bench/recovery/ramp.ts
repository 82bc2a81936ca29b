import type { RecoveryReport } from '../recovering.ts';

/** What an endpoint may have, at most. */
export interface EndpointLimits {
  readonly concurrency: number;
  readonly rateLimit?: { readonly limit: number; readonly intervalMs: number };
}

const BUCKET_MS = 1_000;

/** What a receiver saw after it came up. */
export interface Ramp {
  /** Requests in each second after the first one. */
  readonly perSecond: readonly number[];
  /** Those of the busiest second, by the mean of all. */
  readonly peakRatio: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** @param arrivalsMs - in order */
export function rampOf(arrivalsMs: readonly number[]): Ramp {
  const firstMs = arrivalsMs[0] ?? NaN;
  const lastMs = arrivalsMs.at(-1) ?? NaN;
  const perSecond: number[] = Array.from(
    { length: Math.floor((lastMs - firstMs) / BUCKET_MS) + 1 || 0 },
    () => 0,
  );
  for (const at of arrivalsMs) perSecond[Math.floor((at - firstMs) / BUCKET_MS)]! += 1;
  const mean = (arrivalsMs.length * BUCKET_MS) / Math.max(BUCKET_MS, lastMs - firstMs);
  return { perSecond, peakRatio: Math.max(...perSecond) / mean, firstMs, lastMs };
}

/** How a report breaks the limits of the endpoint, in words. */
export function violationsOf(
  { arrivalsMs, maxInFlight }: Pick<RecoveryReport, 'arrivalsMs' | 'maxInFlight'>,
  { concurrency, rateLimit }: EndpointLimits,
): string[] {
  const violations: string[] = [];
  if (maxInFlight > concurrency)
    violations.push(`${maxInFlight} requests in flight, at most ${concurrency} are allowed`);
  if (rateLimit === undefined) return violations;
  const { limit, intervalMs } = rateLimit;
  // It is counted when a delivery is leased: as many as there are slots may have been on their way when the interval began.
  const allowed = limit + concurrency;
  const most = mostWithin(arrivalsMs, intervalMs);
  if (most > allowed) violations.push(`${most} requests in ${intervalMs} ms, at most ${allowed} are allowed`);
  return violations;
}

/** Most values in any span of that length. */
function mostWithin(sorted: readonly number[], span: number): number {
  let most = 0;
  let start = 0;
  for (const [index, value] of sorted.entries()) {
    while (sorted[start]! <= value - span) start += 1;
    most = Math.max(most, index - start + 1);
  }
  return most;
}
