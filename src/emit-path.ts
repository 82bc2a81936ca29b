/**
 * The way of an event into the engine: recipients, catalog, serialisation. Everything that can be wrong with an emit is
 * found here, before anything is stored. Synchronous as far as it can be: each promise would be one for every message.
 */
import type { Destinations } from './engine/destinations.ts';
import type { EventChecker } from './engine/event-checker.ts';
import type { Receipt } from './engine/inbox.ts';
import type { EmitOptions } from './engine/emit-options.ts';
import type { MessageFactory } from './engine/message-factory.ts';
import { type Recipient, readRecipients } from './engine/recipients.ts';
import type { EngineHost } from './engine-host.ts';
import { describeError, StoppedError } from './errors.ts';
import type { NewMessage } from './store/store.ts';

export interface EmitPathOptions {
  readonly host: EngineHost;
  /** Undefined without an event catalog. */
  readonly checker: EventChecker | undefined;
  readonly factory: MessageFactory;
  readonly destinations: Destinations;
}

export class EmitPath {
  readonly #options: EmitPathOptions;

  constructor(options: EmitPathOptions) {
    this.#options = options;
  }

  /** Never throws; rejects with what the caller did wrong, or with trouble of the store. */
  emit(type: string, data: unknown, options: EmitOptions | undefined): Promise<Receipt> {
    const { checker, factory, destinations } = this.#options;
    try {
      // Read before anything is awaited: the caller may change what it gave after this call.
      const to = readRecipients(options, destinations);
      if (checker === undefined) return this.#accept(type, data, options, to);
      const parsed = checker.parse(type, data);
      if (!(parsed instanceof Promise)) return this.#accept(type, parsed.value, options, to);
      const kept = factory.keep(options);
      return parsed.then(({ value }) => this.#accept(type, value, kept, to));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(describeError(error)));
    }
  }

  /**
   * A message to be stored by somebody else; a promise only where the schema of its type answers with one.
   *
   * @throws what `emit` rejects with for what the caller did wrong
   */
  prepare(type: string, data: unknown, options: EmitOptions): NewMessage | Promise<NewMessage> {
    const { checker, factory, host } = this.#options;
    if (host.status === 'stopped') throw new StoppedError('emit');
    if (checker === undefined) return factory.create(type, data, options);
    const parsed = checker.parse(type, data);
    if (!(parsed instanceof Promise)) return factory.create(type, parsed.value, options);
    const kept = factory.keep(options);
    return parsed.then(({ value }) => factory.create(type, value, kept));
  }

  /** The message that `emit` would store. */
  async createMessage(type: string, data: unknown, options: EmitOptions): Promise<NewMessage> {
    const { checker, factory } = this.#options;
    const value = checker === undefined ? data : (await checker.parse(type, data, false)).value;
    return factory.draft(type, value, options);
  }

  #accept(
    type: string,
    data: unknown,
    options: EmitOptions | undefined,
    to: readonly Recipient[] | undefined,
  ): Promise<Receipt> {
    const { host, factory } = this.#options;
    if (host.status === 'stopped') throw new StoppedError('emit');
    // Serialised before anything else is awaited: the caller may change the data after this call.
    const message = factory.create(type, data, options, to);
    return host.inTurn('emit', ({ intake }) => intake.emit(message, to));
  }
}
