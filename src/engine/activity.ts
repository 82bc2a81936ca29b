/**
 * Counts what the engine has begun and not finished: messages waiting for the store, leased deliveries, outcomes not
 * yet written. At zero, whoever waits for quiet goes on. It is what `drain` and `stop` wait for.
 */
export class Activity {
  #count = 0;
  #waiters: (() => void)[] = [];
  #isClosed = false;

  get count(): number {
    return this.#count;
  }

  begin(count: number): void {
    this.#count += count;
  }

  end(count: number): void {
    this.#count -= count;
    if (this.#count === 0 && this.#waiters.length > 0) this.#wakeAll();
  }

  /** Nobody waits any longer, whatever is still going on. */
  close(): void {
    this.#isClosed = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /** Resolves when nothing is going on. */
  quiet(): Promise<void> {
    if (this.#count === 0 || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}
