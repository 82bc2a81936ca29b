/** Asks the store for endpoints until it answers, and remembers those whose records cannot be read here. */
import { type ErrorCode, isPosthornError, type PosthornError } from '../errors.ts';
import type { EngineContext } from './engine-context.ts';
import { PersistentReads } from './persistent-reads.ts';

/** Stands for endpoints that cannot be told apart, because a page of them cannot be read. */
export const ANY_ENDPOINT = '*';
/** Errors of a record that this process cannot read, however often it asks: another one may have the key. */
const UNREADABLE: ReadonlySet<string> = new Set([
  'key_missing',
  'decrypt_failed',
  'record_invalid',
] satisfies ErrorCode[]);

export class EndpointReads extends PersistentReads {
  readonly #reporter: EngineContext['reporter'];
  readonly #unreadable = new Map<string, Error>();

  constructor(options: Pick<EngineContext, 'clock' | 'random' | 'reporter'>) {
    super(options);
    this.#reporter = options.reporter;
  }

  /** What the store said of endpoints that cannot be read here, by id. */
  get unreadable(): ReadonlyMap<string, Error> {
    return this.#unreadable;
  }

  forget(endpointId: string): void {
    this.#unreadable.delete(endpointId);
  }

  /** Reads until the store answers. A record that cannot be read is an answer. False when a stop came first. */
  untilTold(endpointId: string, what: string, read: () => Promise<void>): Promise<boolean> {
    return this.untilAnswered(what, async () => {
      try {
        await read();
        this.#unreadable.delete(endpointId);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        if (!this.#unreadable.has(endpointId)) this.#reporter.error(error, what);
        this.#unreadable.set(endpointId, error);
      }
    });
  }
}

function isUnreadable(error: unknown): error is PosthornError {
  return isPosthornError(error) && UNREADABLE.has(error.code);
}
