import type { StoreChange } from '../store.ts';

/** Who wants to hear of changes. Whoever comes while a problem lasts hears of it. */
export class ChangeListeners {
  readonly #listeners = new Set<(change: StoreChange) => void>();
  #lasting: StoreChange | undefined;

  /** The problem that lasts. */
  get lasting(): StoreChange | undefined {
    return this.#lasting;
  }

  /** Each call adds a listener of its own, even for the same function. Returns the function that ends it. */
  add(listener: (change: StoreChange) => void): () => void {
    const own = (change: StoreChange): void => listener(change);
    this.#listeners.add(own);
    const lasting = this.#lasting;
    if (lasting !== undefined)
      queueMicrotask(() => {
        if (this.#lasting === lasting && this.#listeners.has(own)) callSafely(own, lasting);
      });
    return () => void this.#listeners.delete(own);
  }

  /** Nobody knows of the problem any more. */
  endProblem(): void {
    if (this.#lasting !== undefined) this.tell({ kind: 'problem', problem: undefined });
  }

  tell(change: StoreChange): void {
    if (change.kind === 'problem' && change.problem?.lasts !== false)
      this.#lasting = change.problem === undefined ? undefined : change;
    for (const listener of [...this.#listeners]) callSafely(listener, change);
  }
}

function callSafely(listener: (change: StoreChange) => void, change: StoreChange): void {
  try {
    listener(change);
  } catch {
    // A hint that was not understood: the change itself is stored, and found without it.
  }
}
