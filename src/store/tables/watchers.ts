import type { StoreChange } from '../store.ts';

/**
 * Who wants to hear of changes. They are told when the call that made the change has done all its work, or later: when
 * `later` says so.
 */
export class Watchers {
  readonly #later: (tell: () => void) => void;
  readonly #listeners = new Set<(change: StoreChange) => void>();
  #isScheduled = false;
  #work = false;
  #fanOut = false;
  #endpoints: string[] = [];
  #settings: string[] = [];

  /** Calls work in one go, so a microtask comes after them. */
  constructor(later: (tell: () => void) => void = queueMicrotask) {
    this.#later = later;
  }

  /** Each call adds a listener of its own, even for the same function. */
  add(listener: (change: StoreChange) => void): () => void {
    const own = (change: StoreChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  noteWork(): void {
    this.#work = true;
    this.#schedule();
  }

  noteFanOut(): void {
    this.#fanOut = true;
    this.#schedule();
  }

  noteEndpoint(id: string): void {
    this.#endpoints.push(id);
    this.#schedule();
  }

  noteSetting(key: string): void {
    this.#settings.push(key);
    this.#schedule();
  }

  /** A batch is told once. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#later(() => this.#tell());
  }

  #tell(): void {
    const changes: StoreChange[] = this.#endpoints.map((id) => ({ kind: 'endpoint', id }));
    for (const key of this.#settings) changes.push({ kind: 'setting', key });
    if (this.#fanOut) changes.push({ kind: 'fan_out' });
    if (this.#work) changes.push({ kind: 'work' });
    this.#isScheduled = false;
    this.#endpoints = [];
    this.#settings = [];
    this.#fanOut = false;
    this.#work = false;
    for (const listener of [...this.#listeners]) for (const change of changes) callSafely(listener, change);
  }
}

function callSafely(listener: (change: StoreChange) => void, change: StoreChange): void {
  try {
    listener(change);
  } catch {
    // A hint that was not understood: the change itself is stored, and found without it.
  }
}
