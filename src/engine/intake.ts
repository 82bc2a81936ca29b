/** Where messages come in: matched by endpoints and a switch that are up to date, and stored in the order in which they came. */
import type { Clock } from '../clock.ts';
import { StoppedError } from '../errors.ts';
import type { NewMessage } from '../store/store.ts';
import type { ChangeReads } from './change-reads.ts';
import { unknownChangesError } from './emit-errors.ts';
import type { Inbox, Receipt } from './inbox.ts';
import type { Matcher } from './matcher.ts';
import { OrderGate } from './order-gate.ts';
import type { Recipient } from './recipients.ts';
import { within } from './within.ts';

export interface IntakeOptions {
  readonly clock: Clock;
  /** Longest time that an emit waits for the store: for changes that it has not answered with, and to be stored. */
  readonly emitTimeoutMs: number;
  readonly changes: ChangeReads;
  readonly matcher: Matcher;
  readonly inbox: Inbox;
  /** A process that only stores leaves the matching to the others. */
  readonly deliver: boolean;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #gate = new OrderGate();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Resolves when no emit waits for changes any more; undefined when none does. */
  get cleared(): Promise<unknown> | undefined {
    return this.#gate.cleared;
  }

  /** Matches and stores a message. */
  emit(message: NewMessage, to: readonly Recipient[] | undefined): Promise<Receipt> {
    const { changes, emitTimeoutMs, clock } = this.#options;
    const known = emitTimeoutMs === 0 ? changes.upToDateUnlessFailing() : changes.upToDate();
    if (known === undefined && this.#gate.isFree) return this.#store(message, to);
    const since = clock.elapsed();
    return this.#gate.pass(this.#inTime(known), () => this.#store(message, to, since));
  }

  /** Who waits for the store waits no longer than for its answer to an emit. */
  async #inTime(known: Promise<unknown> | undefined): Promise<void> {
    const { clock, emitTimeoutMs } = this.#options;
    const limitMs = emitTimeoutMs === 0 ? Infinity : emitTimeoutMs;
    let cause: unknown;
    const isKnown = await within(known, limitMs, clock).catch((error: unknown) => {
      if (error instanceof StoppedError) throw new StoppedError('emit');
      cause = error;
      return false;
    });
    if (isKnown) return;
    throw unknownChangesError(emitTimeoutMs, cause);
  }

  /** Matches and stores a message of our own, for others than the endpoint that it is about; nothing, when none of them wants it. */
  async emitOwn(message: NewMessage, aboutEndpointId: string): Promise<void> {
    const { changes, matcher, inbox } = this.#options;
    const isKnown = await Promise.resolve(changes.upToDate()).then(
      () => true,
      () => false,
    );
    const matched = isKnown ? matcher.match(message) : undefined;
    if (matched === undefined) {
      await inbox.add({ message, deliveries: [], fannedOut: false });
      return;
    }
    const deliveries = matched.filter(({ endpointId }) => endpointId !== aboutEndpointId);
    if (deliveries.length > 0) await inbox.add({ message, deliveries, fannedOut: true });
  }

  #store(message: NewMessage, to: readonly Recipient[] | undefined, since?: number): Promise<Receipt> {
    const { matcher, inbox, deliver } = this.#options;
    if (to !== undefined) {
      const { deliveries, hiddenEndpoints } = matcher.address(message, to);
      return inbox.add({ message, deliveries, fannedOut: true }, hiddenEndpoints, since);
    }
    const matched = deliver ? matcher.match(message) : undefined;
    return inbox.add({ message, deliveries: matched ?? [], fannedOut: matched !== undefined }, [], since);
  }
}
