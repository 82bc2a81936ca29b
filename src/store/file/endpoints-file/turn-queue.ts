/** One turn after the other: what comes during a turn shares the next one, and its write. */
export class TurnQueue<Change> {
  readonly #serve: (changes: readonly Change[]) => Promise<void>;
  readonly #look: () => Promise<void>;
  #pending: Change[] = [];
  #lookers: (() => void)[] = [];
  #working: Promise<void> | undefined;
  #isClosed = false;

  /** Neither may reject. `look` is called when there is no change, which looks as well. */
  constructor(serve: (changes: readonly Change[]) => Promise<void>, look: () => Promise<void>) {
    this.#serve = serve;
    this.#look = look;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  add(change: Change): void {
    this.#pending.push(change);
    this.#work();
  }

  /** Looks after whatever is under way; resolves afterwards. Nothing happens once it is closed. */
  look(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#lookers.push(resolve);
      this.#work();
    });
  }

  /** Finishes what was asked for; resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#working;
  }

  #work(): void {
    this.#working ??= this.#takeTurns();
  }

  async #takeTurns(): Promise<void> {
    // What is asked for in one go goes into one write.
    await Promise.resolve();
    while (this.#pending.length > 0 || this.#lookers.length > 0) {
      const changes = this.#pending.splice(0);
      const lookers = this.#lookers.splice(0);
      if (changes.length > 0) await this.#serve(changes);
      else await this.#look();
      for (const resolve of lookers) resolve();
    }
    this.#working = undefined;
  }
}
