import type { FileDraft } from './file-draft.ts';

/** A change that somebody asked for and waits for. It may be applied to several drafts before one of them is written. */
export class PendingChange<T> {
  readonly done: Promise<T>;
  readonly #apply: (draft: FileDraft) => T;
  #resolve!: (result: T) => void;
  #reject!: (error: unknown) => void;
  /** What the last draft gave: a result, or what is wrong with the change itself. */
  #finish: () => void = () => undefined;

  constructor(apply: (draft: FileDraft) => T) {
    this.#apply = apply;
    this.done = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  apply(draft: FileDraft): void {
    try {
      const result = this.#apply(draft);
      this.#finish = () => this.#resolve(result);
    } catch (error) {
      this.#finish = () => this.#reject(error);
    }
  }

  /** The draft is in force. */
  finish(): void {
    this.#finish();
  }

  /** It could not be written. */
  fail(error: unknown): void {
    this.#reject(error);
  }
}
