import type { StoreChange, StoreProblem } from '../store.ts';
import { ChangeListeners } from './change-listeners.ts';

/**
 * Who wants to hear of changes. They are told when the call that made the change has done all its work, or later: when
 * `later` says so.
 */
export class Watchers {
  readonly #later: (tell: () => void) => void;
  readonly #listeners = new ChangeListeners();
  #isScheduled = false;
  #work = false;
  #fanOut = false;
  #endpoints: string[] = [];
  #settings: string[] = [];
  #problems: (StoreProblem | undefined)[] = [];

  /** Calls work in one go, so a microtask comes after them. */
  constructor(later: (tell: () => void) => void = queueMicrotask) {
    this.#later = later;
  }

  /** Returns the function that ends it. */
  add(listener: (change: StoreChange) => void): () => void {
    return this.#listeners.add(listener);
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

  noteProblem(problem: StoreProblem | undefined): void {
    this.#problems.push(problem);
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
    for (const problem of this.#problems) changes.push({ kind: 'problem', problem });
    if (this.#fanOut) changes.push({ kind: 'fan_out' });
    if (this.#work) changes.push({ kind: 'work' });
    this.#isScheduled = false;
    this.#endpoints = [];
    this.#settings = [];
    this.#problems = [];
    this.#fanOut = false;
    this.#work = false;
    for (const change of changes) this.#listeners.tell(change);
  }
}
