/** When an endpoint that only fails is disabled. */

/** What happens to an endpoint of which every attempt fails, whatever the reason. */
export interface AutoDisableOptions {
  /** It is disabled when nothing but failures came for this long, 5 of them at least; judged whenever an attempt fails, so with the first one after that time. 60000 to 31536000000 (a year), and at least `failingAfterMs`, its default included. Default 432000000 (5 days). */
  readonly afterMs?: number | undefined;
  /** `endpoint.failing` is emitted when nothing but failures came for this long, 2 of them at least; judged like `afterMs`: of a single delivery with the default schedule at its fifth attempt, after 2 h 35 min. 0 to `afterMs`, its default included. Default 3600000 (an hour). */
  readonly failingAfterMs?: number | undefined;
}

/** The same with nothing missing. */
export type AutoDisablePolicy = { readonly [Key in keyof AutoDisableOptions]-?: number };

/** Fewer failures than these are no pattern. */
const MIN_FAILURES = { failing: 2, disable: 5 } as const;

/** How an endpoint has fared lately. */
export interface FailureStreak {
  /** Attempts that failed since the last one that was delivered. */
  readonly failures: number;
  /** How long ago the first of them began. */
  readonly forMs: number;
}

/** What is to be done, and in how long it is worth looking again, if failures go on. */
export interface StreakVerdict {
  readonly measure: 'none' | 'failing' | 'disable';
  readonly lookAgainInMs: number;
}

/** Judges a streak of failures. */
export function judgeStreak(
  { failures, forMs }: FailureStreak,
  { afterMs, failingAfterMs }: AutoDisablePolicy,
): StreakVerdict {
  if (forMs >= afterMs && failures >= MIN_FAILURES.disable) return { measure: 'disable', lookAgainInMs: 0 };
  const lookAgainInMs = Math.max(0, afterMs - forMs);
  if (forMs >= failingAfterMs && failures >= MIN_FAILURES.failing)
    return { measure: 'failing', lookAgainInMs };
  return { measure: 'none', lookAgainInMs: Math.min(lookAgainInMs, Math.max(0, failingAfterMs - forMs)) };
}
