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
    // Every attempt ends some of it: nothing is made for those who have to wait on.
    for (const { held } of this.#waiters) if (this.#count <= held()) return this.#wake();
  }

  /** Nobody waits any longer, whatever is still going on. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => !this.#isQuietFor(waiter));
    for (const waiter of waiters) if (!this.#waiters.includes(waiter)) waiter.wake();
  }

  #isQuietFor({ held }: Pick<Waiter, 'held'>): boolean {
    return this.#isClosed || this.#count <= held();
  }

  /** Resolves when nothing is going on, or only as much as is `held` up by what does not count. */
  quiet(held: () => number = NOTHING): Promise<void> {
    if (this.#isQuietFor({ held })) return Promise.resolve();
    return new Promise((wake) => this.#waiters.push({ wake, held }));
  }
}
