/** Attempts of a lane or a process within a while that moves on. */

/** How many attempts there were, and how many of them failed. */
export interface AttemptShare {
  readonly attempts: number;
  readonly failures: number;
}

interface WindowLength {
  readonly windowMs: number;
}

/** Parts of a window that are forgotten one by one: one more is kept, as the present one is not over. */
const SLICES = 10;

interface Slice {
  number: number;
  attempts: number;
  failures: number;
}

/** Attempts of the last while, and how many of them failed. A window is never shorter than it says, and up to a tenth longer. */
export class AttemptWindow {
  readonly #slices: Slice[] = [];

  /** @param elapsedMs - of a clock that never jumps */
  note(elapsedMs: number, isFailure: boolean, { windowMs }: WindowLength): void {
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
  countAt(elapsedMs: number, { windowMs }: WindowLength): AttemptShare {
    this.#forget(numberAt(elapsedMs, windowMs));
    return this.count();
  }

  /** Those as of the last `note`. */
  count(): AttemptShare {
    let attempts = 0;
    let failures = 0;
    for (const slice of this.#slices) {
      attempts += slice.attempts;
      failures += slice.failures;
    }
    return { attempts, failures };
  }

  clear(): void {
    this.#slices.length = 0;
  }

  /** Slices of another width, from before `windowMs` changed, are dropped too. */
  #forget(current: number): void {
    const kept = this.#slices.filter(({ number }) => number >= current - SLICES && number <= current);
    this.#slices.splice(0, this.#slices.length, ...kept);
  }
}

function numberAt(elapsedMs: number, windowMs: number): number {
  return Math.floor((elapsedMs * SLICES) / windowMs);
}
