/**
 * Reads of what others changed, until the store has answered: what was known before must not decide for what comes after. They end with the dispatcher.
 */
import { StoppedError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import type { EngineContext } from './engine-context.ts';

export class ChangeReads {
  readonly #options: Pick<EngineContext, 'clock' | 'random' | 'reporter'>;
  readonly #changes = new Set<Promise<void>>();
  /** What the store said last to reads that are tried again, by read. */
  readonly #failures = new Map<object, unknown>();
  readonly #onFailure = new Set<(error: unknown) => void>();
  /** End what waits: reads and pauses. */
  readonly #ends = new Set<() => void>();
  #isStopped = false;

  constructor(options: Pick<EngineContext, 'clock' | 'random' | 'reporter'>) {
    this.#options = options;
  }

  /** A change was heard of that this reads: whoever asks for `upToDate` waits for it. */
  follow(reading: Promise<boolean>): void {
    const change = reading.then((isRead) => {
      this.#changes.delete(change);
      if (!isRead) throw stopped();
    });
    // Nobody may be waiting for it.
    change.catch(() => undefined);
    this.#changes.add(change);
  }

  /**
   * Resolves when every change heard of so far holds here; undefined when that is so already.
   *
   * @throws StoppedError (rejects) when a stop came first: nobody knows what holds
   */
  upToDate(): Promise<unknown> | undefined {
    if (this.#isStopped) return Promise.reject(stopped());
    return this.#changes.size === 0 ? undefined : Promise.all(this.#changes);
  }

  /**
   * The same for those who do not wait for a store that fails.
   *
   * @throws what the store said (rejects), as soon as it fails to answer
   */
  upToDateUnlessFailing(): Promise<unknown> | undefined {
    const changes = this.upToDate();
    if (changes === undefined) return undefined;
    return new Promise((resolve, reject) => {
      const fail: (error: unknown) => void = reject;
      this.#onFailure.add(fail);
      for (const error of this.#failures.values()) fail(error);
      changes.then(resolve, reject).finally(() => this.#onFailure.delete(fail));
    });
  }

  /** Never rejects; false when a stop came first. */
  untilAnswered(what: string, read: () => Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#isStopped) return resolve(false);
      // A read that the store never answers must not hold up the stop.
      const end = (): void => resolve(false);
      this.#ends.add(end);
      void this.#try(what, read).then(() => {
        this.#ends.delete(end);
        resolve(!this.#isStopped);
      });
    });
  }

  async #try(what: string, read: () => Promise<void>): Promise<void> {
    const { reporter, random } = this.#options;
    for (let failures = 1; !this.#isStopped; failures += 1) {
      try {
        await read();
        break;
      } catch (error) {
        // The store was closed meanwhile, and nobody needs the answer any more.
        if (this.#isStopped) break;
        reporter.error(error, what);
        this.#failures.set(read, error);
        for (const onFailure of this.#onFailure) onFailure(error);
        await this.pause(backoffMs(failures, random));
      }
    }
    this.#failures.delete(read);
  }

  /** A stop ends it. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isStopped) return resolve();
      const end = (): void => {
        timer.cancel();
        this.#ends.delete(end);
        resolve();
      };
      const timer = this.#options.clock.setTimer(end, ms);
      this.#ends.add(end);
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const end of [...this.#ends]) end();
  }
}

function stopped(): StoppedError {
  return new StoppedError('read what was changed');
}
