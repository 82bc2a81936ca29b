interface Waiter {
  readonly wake: () => void;
  /** How much of it does not count for who waits. */
  readonly held: () => number;
}

const NOTHING = (): number => 0;

/**
 * Counts what the engine has begun and not finished: messages waiting for the store, leased deliveries, outcomes not
 * yet written. At zero, whoever waits for quiet goes on. It is what `drain` and `stop` wait for.
 */
export class Activity {
  #count = 0;
  #waiters: Waiter[] = [];
  #isClosed = false;

  get count(): number {
    return this.#count;
  }

  begin(count: number): void {
    this.#count += count;
  }

  end(count: number): void {
    this.#count -= count;
    if (this.#waiters.length > 0) this.#wake(({ held }) => this.#count <= held());
  }

  /** Nobody waits any longer, whatever is still going on. */
  close(): void {
    this.#isClosed = true;
    this.#wake(() => true);
  }

  #wake(isOver: (waiter: Waiter) => boolean): void {
    const over = this.#waiters.filter(isOver);
    if (over.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !over.includes(waiter));
    for (const { wake } of over) wake();
  }

  /** Resolves when nothing is going on, or only as much as is `held` up by what does not count. */
  quiet(held: () => number = NOTHING): Promise<void> {
    if (this.#count <= held() || this.#isClosed) return Promise.resolve();
    return new Promise((wake) => this.#waiters.push({ wake, held }));
  }
}
