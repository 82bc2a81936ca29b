import type { WebhookDispatcher } from 'posthorn';
import { createData, type RunResult, startTiming } from './job.ts';

/** Emits messages, one delivery each, and waits until they are delivered. */
export class Load {
  /** Delivered since the start. */
  delivered = 0;
  readonly #dispatcher: WebhookDispatcher;
  readonly #maxOutstanding: number;
  readonly #typeOf: (number: number) => string;
  #number = 0;
  #emitsUntil = 0;
  #outstanding = 0;
  #succeeded = 0;
  #errors = 0;
  #onDone = (): void => undefined;

  /** @param typeOf - the event type of each message, by its number */
  constructor(dispatcher: WebhookDispatcher, maxOutstanding: number, typeOf: (number: number) => string) {
    this.#dispatcher = dispatcher;
    this.#maxOutstanding = maxOutstanding;
    this.#typeOf = typeOf;
    dispatcher.on('delivery.succeeded', () => {
      this.delivered += 1;
      this.#succeeded += 1;
      this.#concludeOne();
    });
    for (const event of ['delivery.exhausted', 'delivery.discarded', 'delivery.failed'] as const)
      dispatcher.on(event, () => this.#failOne());
  }

  /** Emits while it delivers: never more than the given number is emitted and not delivered. */
  async live(durationMs: number): Promise<RunResult> {
    const stop = startTiming();
    this.#reset();
    this.#emitsUntil = performance.now() + durationMs;
    const done = this.#whenDone();
    this.#emitMore();
    // A process that was kept waiting for the whole turn has emitted nothing.
    if (this.#outstanding > 0) await done;
    return { ...this.#counts(), ...stop() };
  }

  /** Stores so many messages, which wait, then lets them go; only what follows that is timed. */
  async drain(messages: number, letGo: () => Promise<void>): Promise<RunResult> {
    this.#reset();
    this.#outstanding = messages;
    const done = this.#whenDone();
    await Promise.all(Array.from({ length: messages }, () => this.#emitOne()));
    const stop = startTiming();
    await letGo();
    await done;
    return { ...this.#counts(), ...stop() };
  }

  #counts(): Pick<RunResult, 'sent' | 'errors'> {
    return { sent: this.#succeeded, errors: this.#errors };
  }

  #reset(): void {
    this.#emitsUntil = 0;
    this.#succeeded = 0;
    this.#errors = 0;
  }

  #whenDone(): Promise<void> {
    return new Promise<void>((resolve) => (this.#onDone = resolve));
  }

  #emitMore(): void {
    while (this.#outstanding < this.#maxOutstanding && performance.now() < this.#emitsUntil) {
      this.#outstanding += 1;
      void this.#emitOne();
    }
  }

  async #emitOne(): Promise<void> {
    const number = (this.#number += 1);
    try {
      await this.#dispatcher.emit(this.#typeOf(number), createData(number));
    } catch {
      this.#failOne();
    }
  }

  #failOne(): void {
    this.#errors += 1;
    this.#concludeOne();
  }

  #concludeOne(): void {
    this.#outstanding -= 1;
    this.#emitMore();
    if (this.#outstanding === 0) this.#onDone();
  }
}
