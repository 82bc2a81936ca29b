/** Asks the store again until it answers: what is not known must not be taken for what was known before. */
import { backoffMs } from './backoff.ts';
import type { EngineContext } from './engine-context.ts';

export class PersistentReads {
  readonly #options: Pick<EngineContext, 'clock' | 'random' | 'reporter'>;
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(options: Pick<EngineContext, 'clock' | 'random' | 'reporter'>) {
    this.#options = options;
  }

  /** False when a stop came first. */
  async untilAnswered(what: string, read: () => Promise<void>): Promise<boolean> {
    const { reporter, random } = this.#options;
    for (let failures = 1; !this.#isStopped; failures += 1) {
      try {
        await read();
        return true;
      } catch (error) {
        // The store was closed meanwhile, and nobody needs the answer any more.
        if (this.#isStopped) return false;
        reporter.error(error, what);
        await this.pause(backoffMs(failures, random));
      }
    }
    return false;
  }

  /** A stop ends it. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isStopped) return resolve();
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#options.clock.setTimer(end, ms);
      this.#pauses.add(end);
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const end of [...this.#pauses]) end();
  }
}
