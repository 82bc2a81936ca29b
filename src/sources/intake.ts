import type { Receipt } from '../engine/inbox.ts';
import type { EmitOptions } from '../engine/emit-options.ts';
import { SourceOverflowError } from '../errors.ts';
import type { ReadEvent } from './read-event.ts';

export interface IntakeOptions {
  /** Never throws; reports by itself what rejects, and whose rejection is never unhandled. */
  readonly emit: (type: string, data: unknown, options: EmitOptions) => Promise<Receipt>;
  readonly onRefused: (error: SourceOverflowError) => void;
  /** Events that may wait for the store. */
  readonly maxPending: number;
}

/** Where the events of one source come in. It cannot be made to wait, so what waits for the store is counted, and has a limit. */
export class Intake {
  readonly #options: IntakeOptions;
  #pending = 0;
  readonly #stored = (): void => {
    this.#pending -= 1;
  };

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Emits an event, or refuses it. Never throws; a rejection that nobody awaits is none of the process. */
  take({ type, data, options }: ReadEvent): Promise<Receipt> {
    const { emit, onRefused, maxPending } = this.#options;
    if (this.#pending >= maxPending) {
      const error = new SourceOverflowError(type, maxPending);
      onRefused(error);
      return rejectHandled(error);
    }
    this.#pending += 1;
    const receipt = emit(type, data, options);
    receipt.then(this.#stored, this.#stored);
    return receipt;
  }
}

/** A rejection that is no unhandled one, whether it is awaited or not: it has been reported. */
export function rejectHandled(error: unknown): Promise<never> {
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is passed on as it was thrown
  const rejection = Promise.reject(error);
  rejection.catch(() => undefined);
  return rejection;
}
