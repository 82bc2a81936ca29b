/** When an endpoint is taken for down: the rules of its circuit breaker. */
import type { AttemptShare } from './attempt-window.ts';
import type { Outcome } from './outcome.ts';

/**
 * The circuit breaker of an endpoint. Counted are attempts without an answer, and answers with 408, 425, 429 or 5xx: those that tell of a receiver in
 * trouble. Other answers, 404 among them, say that it is there. Each process counts its own; when one opens the breaker, it is open for all.
 */
export interface BreakerOptions {
  /** Share of the attempts within `windowMs` that must fail; above 0, at most 1. Default 0.5. */
  readonly failureShare?: number | undefined;
  /** Attempts within `windowMs` before they are judged. 1 to 1000000. Default 20. */
  readonly minAttempts?: number | undefined;
  /** 1000 to 3600000 (an hour). Default 60000. */
  readonly windowMs?: number | undefined;
  /** How long nothing is sent before a first probe; twice as long after each one that fails, and up to a quarter longer by chance. 100 to 86400000 (a day), and at most `maxOpenMs`, its default included. Default 10000. */
  readonly openMs?: number | undefined;
  /** Longest time between two probes, that quarter aside. At least `openMs`, at most 86400000 (a day). Default 600000. */
  readonly maxOpenMs?: number | undefined;
}

/** The same with nothing missing. */
export type BreakerPolicy = { readonly [Key in keyof BreakerOptions]-?: number };

const JITTER = 0.25;
const ALSO_AN_OUTAGE: ReadonlySet<number> = new Set([408, 425, 429]);

/** Whether an outcome tells of a receiver that is down, or overwhelmed; `undefined`: it tells nothing about it. */
export function isOutage(outcome: Outcome): boolean | undefined {
  if (outcome.kind === 'delivered') return false;
  if (outcome.kind !== 'endpoint_failed' || outcome.reason === 'url_refused') return undefined;
  const status = outcome.response?.status;
  return status === undefined || status >= 500 || ALSO_AN_OUTAGE.has(status);
}

/** How long the breaker stays open, the `trips`-th time in a row. `draw`: random number in [0, 1). */
export function openForMs({ openMs, maxOpenMs }: BreakerPolicy, trips: number, draw: number): number {
  const base = Math.min(openMs * 2 ** (trips - 1), Math.max(openMs, maxOpenMs));
  return Math.round(base * (1 + JITTER * draw));
}

/** Whether so many failures open the breaker. */
export function isTripped(
  { attempts, failures }: AttemptShare,
  { failureShare, minAttempts }: BreakerPolicy,
): boolean {
  return attempts >= minAttempts && failures >= failureShare * attempts;
}
