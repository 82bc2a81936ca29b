/** When an endpoint is taken for down: the rules of its circuit breaker. */
import type { AttemptShare } from './alerts.ts';
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
  /** How long nothing is sent before a first probe; twice as long after each one that fails, and up to a quarter longer by chance. 100 to 86400000 (a day). Default 10000. */
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

/** Parts of a window that are forgotten one by one. */
const SLICES = 10;

interface Slice {
  number: number;
  attempts: number;
  failures: number;
}

/** Attempts of the last while, and how many of them failed. */
export class BreakerWindow {
  readonly #slices: Slice[] = [];

  /** @param elapsedMs - of a clock that never jumps */
  note(elapsedMs: number, isFailure: boolean, { windowMs }: Pick<BreakerPolicy, 'windowMs'>): void {
    const number = numberAt(elapsedMs, windowMs);
    let slice = this.#slices.at(-1);
    if (slice?.number !== number) {
      this.#forget(number);
      slice = { number, attempts: 0, failures: 0 };
      this.#slices.push(slice);
    }
    slice.attempts += 1;
    if (isFailure) slice.failures += 1;
  }

  /** Attempts within the window, and how many of them failed. */
  countAt(elapsedMs: number, { windowMs }: Pick<BreakerPolicy, 'windowMs'>): AttemptShare {
    this.#forget(numberAt(elapsedMs, windowMs) + 1);
    return this.#count();
  }

  /** Directly after `note`: whether the breaker is to open. */
  isTripped({ failureShare, minAttempts }: BreakerPolicy): boolean {
    const { attempts, failures } = this.#count();
    return attempts >= minAttempts && failures >= failureShare * attempts;
  }

  clear(): void {
    this.#slices.length = 0;
  }

  #count(): AttemptShare {
    let attempts = 0;
    let failures = 0;
    for (const slice of this.#slices) {
      attempts += slice.attempts;
      failures += slice.failures;
    }
    return { attempts, failures };
  }

  /** Slices of another width, from before `windowMs` changed, are dropped too. */
  #forget(current: number): void {
    const kept = this.#slices.filter(({ number }) => number > current - SLICES && number < current);
    this.#slices.splice(0, this.#slices.length, ...kept);
  }
}

function numberAt(elapsedMs: number, windowMs: number): number {
  return Math.floor((elapsedMs * SLICES) / windowMs);
}
