/** How often something may be done, and what holds where two limits meet. */

/**
 * At most `limit` attempts per `intervalMs`, counted when a delivery is leased, shortly before its request. Requests do not all take the same time on
 * their way, so within one interval a receiver may see more: those of the end of the interval before arrive in it, too (28 for a limit of 20 within a
 * second have been seen). Stay below a limit that a receiver enforces strictly.
 */
export interface RateLimit {
  /** A whole number of at least 1. */
  readonly limit: number;
  /** 1 to 86400000 (a day). */
  readonly intervalMs: number;
}

/**
 * One limit that keeps two: never more than `limit` of either in its interval. With n the smaller limit, it is n in the shortest time of which
 * as many fit into each interval as that one allows.
 */
export function strictestRate(
  one: RateLimit | undefined,
  other: RateLimit | undefined,
): RateLimit | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const limit = Math.min(one.limit, other.limit);
  const shortestMs = ({ limit: most, intervalMs }: RateLimit): number =>
    intervalMs / Math.floor(most / limit);
  return { limit, intervalMs: Math.ceil(Math.max(shortestMs(one), shortestMs(other))) };
}
