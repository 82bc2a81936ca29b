/** Who takes part in the case `isolation`. */

/** What becomes of the two bad endpoints. */
export const MODES = ['healthy', 'breaker', 'no-breaker'] as const;
export type IsolationMode = (typeof MODES)[number];

/** Endpoints that answer, each at an origin of its own. */
export const GOOD = 98;
/** Messages a second for all of those together: five for each. */
export const GOOD_PER_SECOND = 490;
/** Messages a second for each of the two that are bad, ten times as many as for a good one. */
export const BAD_PER_SECOND = 50;
export const SILENT = 'silent';
export const FAILING = 'failing';
/** How long an attempt may take: fifteen times less than the default, so that the breaker of the silent one opens within the warm-up. */
export const TIMEOUT_MS = 1_000;
/** What the failing one is tried again after: within the turn, or what it costs would be paid in that of another contender. */
export const RETRY_DELAYS_MS = [100, 200, 400] as const;
