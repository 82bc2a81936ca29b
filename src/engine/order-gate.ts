/** Keeps things in the order in which they came, though some of them have to wait for something. */
export class OrderGate {
  /** What the last one that waits is waiting for; undefined when nobody waits. */
  #last: Promise<unknown> | undefined;

  /** Nobody waits: whoever has nothing to wait for need not pass. */
  get isFree(): boolean {
    return this.#last === undefined;
  }

  /** Resolves when those that wait now have been through; undefined when nobody waits. */
  get cleared(): Promise<unknown> | undefined {
    return this.#last?.catch(() => undefined);
  }

  /** Runs the task at once, if there is nothing to wait for and nobody waits before it. A blocker that rejects is its result. */
  pass<Result>(blocker: Promise<unknown> | undefined, task: () => Promise<Result>): Promise<Result> {
    if (blocker === undefined && this.#last === undefined) return task();
    // Looked at only when its turn comes: until then its failure must not pass for one that nobody handles.
    blocker?.catch(() => undefined);
    const turn = this.#after(this.#last, blocker);
    this.#last = turn;
    return turn.then(
      () => this.#leave(turn, task),
      (error: unknown) => this.#leave(turn, () => Promise.reject(error as Error)),
    );
  }

  /** How it went for those before is their own affair. */
  async #after(previous: Promise<unknown> | undefined, blocker: Promise<unknown> | undefined): Promise<void> {
    await previous?.catch(() => undefined);
    await blocker;
  }

  #leave<Result>(turn: Promise<unknown>, task: () => Promise<Result>): Promise<Result> {
    if (this.#last === turn) this.#last = undefined;
    return task();
  }
}
