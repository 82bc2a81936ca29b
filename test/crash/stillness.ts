import type { Store } from '../../src/store/store.ts';

/** Lets a store come to rest: calls that come later wait. */
export class Stillness {
  #pending = 0;
  #onRest = (): void => {};
  #held: Promise<void> | undefined;
  #release = (): void => {};

  /** The store, whose calls can be held up. */
  over(store: Store): Store {
    return new Proxy(store, {
      get: (target, key) => {
        const own: unknown = Reflect.get(target, key, target);
        if (typeof own !== 'function') return own;
        const call = (own as (...args: unknown[]) => unknown).bind(target);
        // It answers at once, with the end of watching.
        if (key === 'watch') return call;
        return (...args: unknown[]) => this.#run(() => call(...args));
      },
    });
  }

  /** Resolves when no call is under way; none begins until `release`. */
  async hold(): Promise<void> {
    this.#held = new Promise((resolve) => (this.#release = resolve));
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onRest = resolve));
  }

  release(): void {
    this.#held = undefined;
    this.#release();
  }

  async #run(call: () => unknown): Promise<unknown> {
    await this.#held;
    this.#pending += 1;
    try {
      return await call();
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#onRest();
    }
  }
}
