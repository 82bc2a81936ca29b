import { catchRejection } from '../core/catch-rejection.ts';
import { FunctionError } from '../errors.ts';
import type { CheckedAttachOptions } from './attach-options.ts';
import type { EventAdapter } from './event-adapter.ts';
import { type EventSelection, readSelection } from './event-selection.ts';
import type { Intake } from './intake.ts';
import { type EventDefaults, readEvent, type ReadEvent } from './read-event.ts';
import type { Listening } from './source-kind.ts';

/** What an attached source needs of its dispatcher. */
export interface AttachContext {
  readonly createIntake: (maxPending: number | undefined) => Intake;
  readonly eventAdapter: EventAdapter;
  /** Checks event types and patterns against the catalog, if there is one. @throws OptionsError */
  readonly checkTypes: (patterns: readonly string[]) => void;
  /** Never throws. */
  readonly report: (error: unknown) => void;
  /** The source says that nothing more will come. */
  readonly onComplete: () => void;
}

/** One attached source: what it was attached with, what has been begun, and whether it has ended. */
export class Attachment {
  readonly options: CheckedAttachOptions;
  readonly context: AttachContext;
  readonly intake: Intake;
  readonly #source: unknown;
  readonly #begun: Listening[] = [];
  #isEnded = false;

  constructor(source: unknown, options: CheckedAttachOptions, context: AttachContext) {
    this.#source = source;
    this.options = options;
    this.context = context;
    this.intake = context.createIntake(options.maxPending);
  }

  /**
   * Which events are wanted. Their types are those of messages, unless `map` has a say in that.
   *
   * @throws OptionsError for a wrong selection, and for a type that the catalog does not know
   */
  select(): EventSelection {
    const selection = readSelection(this.options.events);
    if (this.options.map === undefined)
      this.context.checkTypes([...new Set(selection.names.values()), ...selection.patterns]);
    return selection;
  }

  /** No event is taken any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  begin(listen: () => Listening): void {
    const listening = listen();
    this.#begun.push(listening);
    this.#watch(listening.answer);
  }

  /** The event that a function of the host makes; undefined when it drops it, or fails: that is reported. */
  read(make: () => unknown, what: () => string, defaults: EventDefaults): ReadEvent | undefined {
    try {
      return readEvent(make, what, defaults);
    } catch (error) {
      this.context.report(error);
      return undefined;
    }
  }

  /** The source has nothing more to give. */
  complete(): void {
    this.#isEnded = true;
    this.context.onComplete();
  }

  /** Ends all that was begun, once. @throws what the first failing one threw, after all were tried */
  end(): void {
    this.#isEnded = true;
    const failures: unknown[] = [];
    for (const { end } of this.#begun.splice(0)) {
      try {
        this.#watch(end());
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** What an asynchronous source rejects with is reported. What becomes of a source that is a promise itself is its own affair. */
  #watch(answer: unknown): void {
    if (answer !== this.#source)
      catchRejection(answer, (reason) =>
        this.context.report(new FunctionError('An attached source', reason)),
      );
  }
}
