/** Asks the store for endpoints until it answers, and remembers those whose records cannot be read here. */
import { type ErrorCode, isPosthornError, type PosthornError } from '../errors.ts';
import type { ChangeReads } from './change-reads.ts';
import type { EngineContext } from './engine-context.ts';

/** Stands for endpoints that cannot be told apart, because a page of them cannot be read. */
export const ANY_ENDPOINT = '*';
/** Errors of a record that this process cannot read, however often it asks: another one may have the key. */
const UNREADABLE: ReadonlySet<string> = new Set([
  'key_missing',
  'decrypt_failed',
  'record_invalid',
] satisfies ErrorCode[]);

export interface EndpointReadsOptions extends Pick<EngineContext, 'reporter'> {
  readonly changes: ChangeReads;
  /** There are none left that cannot be read. */
  readonly onReadable: () => void;
}

export class EndpointReads {
  readonly #options: EndpointReadsOptions;
  readonly #unreadable = new Map<string, Error>();

  constructor(options: EndpointReadsOptions) {
    this.#options = options;
  }

  /** What the store said of endpoints that cannot be read here, by id. */
  get unreadable(): ReadonlyMap<string, Error> {
    return this.#unreadable;
  }

  forget(endpointId: string): void {
    if (this.#unreadable.delete(endpointId) && this.#unreadable.size === 0) this.#options.onReadable();
  }

  /** Reads until the store answers. A record that cannot be read is an answer. False when a stop came first. */
  untilAnswered(endpointId: string, what: string, read: () => Promise<void>): Promise<boolean> {
    const { changes, reporter } = this.#options;
    return changes.untilAnswered(what, async () => {
      try {
        await read();
        this.forget(endpointId);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        if (!this.#unreadable.has(endpointId)) reporter.error(error, what);
        this.#unreadable.set(endpointId, error);
      }
    });
  }
}

export function isUnreadable(error: unknown): error is PosthornError {
  return isPosthornError(error) && UNREADABLE.has(error.code);
}
