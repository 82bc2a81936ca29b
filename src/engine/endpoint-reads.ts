/** Asks the store for endpoints until it answers, and remembers those whose records cannot be read here. */
import { type ErrorCode, isPosthornError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import type { EngineContext } from './engine-context.ts';

/** Stands for endpoints that cannot be told apart, because a page of them cannot be read. */
export const ANY_ENDPOINT = '*';
/** Errors of a record that this process cannot read, however often it asks: another one may have the key. */
const UNREADABLE: ReadonlySet<string> = new Set([
  'key_missing',
  'decrypt_failed',
  'record_invalid',
] satisfies ErrorCode[]);

export class EndpointReads {
  readonly #options: Pick<EngineContext, 'clock' | 'random' | 'reporter'>;
  readonly #unreadable = new Map<string, Error>();
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(options: Pick<EngineContext, 'clock' | 'random' | 'reporter'>) {
    this.#options = options;
  }

  /** What the store said of endpoints that cannot be read here, by id. */
  get unreadable(): ReadonlyMap<string, Error> {
    return this.#unreadable;
  }

  forget(endpointId: string): void {
    this.#unreadable.delete(endpointId);
  }

  /**
   * Tries until the store answers: an endpoint that moved must not get messages at its old address for ever. A record that cannot be read is an
   * answer. False when a stop came first.
   */
  async untilAnswered(endpointId: string, what: string, read: () => Promise<void>): Promise<boolean> {
    const { reporter, random } = this.#options;
    for (let failures = 1; !this.#isStopped; failures += 1) {
      try {
        await read();
        this.#unreadable.delete(endpointId);
        return true;
      } catch (error) {
        // The store was closed meanwhile, and nobody needs the answer any more.
        if (this.#isStopped) return false;
        const isUnreadable = isPosthornError(error) && UNREADABLE.has(error.code);
        if (!isUnreadable || !this.#unreadable.has(endpointId)) reporter.error(error, what);
        if (isUnreadable) {
          this.#unreadable.set(endpointId, error);
          return true;
        }
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
