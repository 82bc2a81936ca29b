import { LATENCY_BOUNDS_MS } from '../../core/latency.ts';
import type { AttemptCounts, StoreStats } from '../store.ts';
import type { NumberColumn } from './rows/number-column.ts';

/** Counted attempts of one outcome and bucket. */
export interface CountedAttempts {
  readonly outcome: string;
  /** Index of the bucket of `LATENCY_BOUNDS_MS`; -1: without a response. */
  readonly bucket: NumberColumn;
  readonly attempts: NumberColumn;
  readonly longest_ms: NumberColumn;
  readonly last_at: NumberColumn;
}

/** Adds up counted attempts. */
export class AttemptTally {
  readonly #counts = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);
  readonly #lastAt = new Map<string, number>();
  readonly #attempts = new Map<string, number>();
  #maxMs: number | undefined;

  add({ outcome, ...row }: CountedAttempts): void {
    const bucket = Number(row.bucket);
    const attempts = Number(row.attempts);
    this.#attempts.set(outcome, (this.#attempts.get(outcome) ?? 0) + attempts);
    this.#lastAt.set(outcome, Math.max(this.#lastAt.get(outcome) ?? 0, Number(row.last_at)));
    if (bucket < 0) return;
    this.#counts[bucket]! += attempts;
    this.#maxMs = Math.max(this.#maxMs ?? 0, Number(row.longest_ms));
  }

  counts(): AttemptCounts {
    return {
      delivered: this.#attempts.get('delivered') ?? 0,
      failed: this.#attempts.get('endpoint_failed') ?? 0,
      latency: { counts: [...this.#counts], maxMs: this.#maxMs },
    };
  }

  /** When attempts last were delivered and failed. */
  lastTimes(): Pick<StoreStats, 'lastDeliveredAt' | 'lastFailedAt'> {
    return {
      lastDeliveredAt: this.#lastAt.get('delivered'),
      lastFailedAt: this.#lastAt.get('endpoint_failed'),
    };
  }
}
