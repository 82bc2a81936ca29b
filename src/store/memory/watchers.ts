import type { StoreChange } from '../store.ts';

/** Who wants to hear of changes. Changes are noted while a call works and told once, when it is done. */
export class Watchers {
  readonly #listeners = new Set<(change: StoreChange) => void>();
  #work = false;
  #fanOut = false;
  #endpoints: string[] = [];

  /** Each call adds a listener of its own, even for the same function. */
  add(listener: (change: StoreChange) => void): () => void {
    const own = (change: StoreChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  noteWork(): void {
    this.#work = true;
  }

  noteFanOut(): void {
    this.#fanOut = true;
  }

  noteEndpoint(id: string): void {
    this.#endpoints.push(id);
  }

  /** Tells what was noted. */
  tell(): void {
    const endpoints = this.#endpoints;
    if (endpoints.length > 0) this.#endpoints = [];
    for (const id of endpoints) this.#call({ kind: 'endpoint', id });
    if (this.#fanOut) {
      this.#fanOut = false;
      this.#call({ kind: 'fan_out' });
    }
    if (this.#work) {
      this.#work = false;
      this.#call({ kind: 'work' });
    }
  }

  #call(change: StoreChange): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch {
        // A hint that was not understood: the change itself is stored, and found without it.
      }
    }
  }
}
