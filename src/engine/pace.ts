const WINDOW_MS = 100;
/** Windows' worth that may wait: twice the pace, so that it can grow. */
const WINDOWS_AHEAD = 2;

/**
 * How many deliveries may wait in this process, so that free slots find the next one here while the store is being asked: what is done in a fifth of a
 * second. Long beside the calls of a store, short beside a lease, and beside what waits here although another process has free slots. An endpoint
 * that does not answer, or a store that takes no outcomes, has no pace, and nothing is piled up.
 */
export class Pace {
  #window = 0;
  #current = 0;
  #before = 0;

  /** The outcome of one was written. `elapsedMs` is of the clock that never jumps. */
  note(elapsedMs: number): void {
    this.#turn(elapsedMs);
    this.#current += 1;
  }

  aheadAt(elapsedMs: number): number {
    this.#turn(elapsedMs);
    return WINDOWS_AHEAD * Math.max(this.#current, this.#before);
  }

  #turn(elapsedMs: number): void {
    const window = Math.floor(elapsedMs / WINDOW_MS);
    if (window === this.#window) return;
    this.#before = window === this.#window + 1 ? this.#current : 0;
    this.#current = 0;
    this.#window = window;
  }
}
