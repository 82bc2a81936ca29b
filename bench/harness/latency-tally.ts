import { median, percentile, round } from './statistics.ts';

/** How long messages of one contender were on their way, in one round. */
export class LatencyTally {
  readonly #turnP99s: number[] = [];
  #all: number[] = [];
  #late: number[] = [];

  addTurn(latenciesMs: readonly number[], lateMs: readonly number[]): void {
    this.#turnP99s.push(percentile(latenciesMs, 0.99));
    this.#all = this.#all.concat(latenciesMs);
    this.#late = this.#late.concat(lateMs);
  }

  /** Forgets the warm-up. */
  clear(): void {
    this.#turnP99s.length = 0;
    this.#all = [];
    this.#late = [];
  }

  /** From emit to receipt, over all turns. */
  get all(): readonly number[] {
    return this.#all;
  }

  /** How much later than planned each was emitted. */
  get late(): readonly number[] {
    return this.#late;
  }

  /** Of the median turn: another program that takes the machine for a moment spoils one turn, not the round. */
  get turnP99Ms(): number {
    return median(this.#turnP99s);
  }

  describe(): string {
    return `p50 ${round(median(this.#all), 2)} ms, p99 ${round(this.turnP99Ms, 2)} ms`;
  }
}
