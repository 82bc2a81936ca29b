/** What emits events already: attached, or handing them over. Never blocked, never thrown into. */
import type { Receipt } from './engine/inbox.ts';
import type { Reporter } from './engine/reporter.ts';
import type { PosthornError } from './errors.ts';
import { attachSource } from './sources/attach-source.ts';
import type { EventAdapter } from './sources/event-adapter.ts';
import { Intake, type IntakeOptions, rejectHandled } from './sources/intake.ts';
import { readEvent, type ReadEvent } from './sources/read-event.ts';

export type { AttachOptions, MappedEvent, SubscribeOptions } from './sources/attach-options.ts';
export type { AdaptedEvent, EventAdapter } from './sources/event-adapter.ts';
export type { EmitterSource } from './sources/emitter.ts';
export type { EmitterySource } from './sources/emittery.ts';
export type { EventSource } from './sources/event-source.ts';
export type { EventTargetSource } from './sources/event-target.ts';
export type { SubscribeSource } from './sources/observable.ts';

export interface SourcesOptions {
  readonly emit: IntakeOptions['emit'];
  readonly reporter: Reporter;
  readonly eventAdapter: EventAdapter;
  /** Checks event types and patterns against the catalog. */
  readonly checkTypes: (patterns: readonly string[]) => void;
  readonly maxPending: number;
}

const ADAPTER = (): string => 'The option eventAdapter';

/** The sources of one dispatcher. */
export class Sources {
  readonly #options: SourcesOptions;
  readonly #attached = new Set<() => void>();
  /** What comes by `process`, from wherever. */
  readonly #processed: Intake;
  #refused = 0;
  #isEnded = false;

  constructor(options: SourcesOptions) {
    this.#options = options;
    this.#processed = this.#createIntake(options.maxPending);
  }

  /** Events refused because too many waited. */
  get refused(): number {
    return this.#refused;
  }

  /** Starts listening. Returns the function that ends it. */
  attach(source: unknown, options: unknown): () => void {
    const { reporter, eventAdapter, maxPending: defaultMaxPending } = this.#options;
    let isComplete = false;
    const end = (): void => {
      this.#attached.delete(end);
      detach();
    };
    const detach = attachSource(source, options, {
      createIntake: (maxPending = defaultMaxPending) => this.#createIntake(maxPending),
      eventAdapter,
      checkTypes: this.#options.checkTypes,
      report: (error) => reporter.emitFailed(error),
      onComplete: () => {
        isComplete = true;
        this.#attached.delete(end);
      },
    });
    // A function of the host may have stopped the dispatcher meanwhile.
    if (this.#isEnded) this.#endSafely(end);
    else if (!isComplete) this.#attached.add(end);
    return end;
  }

  /** Emits an event object; `undefined` when the adapter drops it. Never throws; its rejection is never an unhandled one. */
  process(event: unknown): Promise<Receipt | undefined> {
    const { reporter, eventAdapter } = this.#options;
    let read: ReadEvent | undefined;
    try {
      read = readEvent(() => eventAdapter(event), ADAPTER, {});
    } catch (error) {
      reporter.emitFailed(error);
      return rejectHandled(error);
    }
    return read === undefined ? Promise.resolve(undefined) : this.#processed.take(read);
  }

  /** Ends them all, whatever one of them throws. */
  detachAll(): void {
    this.#isEnded = true;
    for (const end of this.#attached) this.#endSafely(end);
  }

  #endSafely(end: () => void): void {
    try {
      end();
    } catch (error) {
      this.#options.reporter.functionFailed(error, 'off() of an attached source');
    }
  }

  #createIntake(maxPending: number): Intake {
    const { emit, reporter } = this.#options;
    const onRefused = (error: PosthornError): void => {
      this.#refused += 1;
      reporter.error(error, 'take an event');
    };
    return new Intake({ emit, onRefused, maxPending });
  }
}
