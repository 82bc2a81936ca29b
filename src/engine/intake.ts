/** Where messages come in: matched by endpoints and a switch that are up to date, and stored in the order in which they came. */
import type { Clock } from '../clock.ts';
import { StoreError } from '../errors.ts';
import type { NewMessage } from '../store/store.ts';
import type { Inbox, Receipt } from './inbox.ts';
import type { Matcher } from './matcher.ts';
import { OrderGate } from './order-gate.ts';
import type { Recipient } from './recipients.ts';
import { within } from './within.ts';

export interface IntakeOptions {
  readonly clock: Clock;
  /** Longest time that an emit waits for changes that the store has not answered with. */
  readonly emitTimeoutMs: number;
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

  /** Matches and stores a message. */
  emit(message: NewMessage, to: readonly Recipient[] | undefined): Promise<Receipt> {
    const changes = this.#options.matcher.upToDate();
    if (changes === undefined && this.#gate.isFree) return this.#store(message, to);
    return this.#gate.pass(this.#inTime(changes), () => this.#store(message, to));
  }

  /** Who waits for the store waits no longer than for its answer to an emit. */
  async #inTime(changes: Promise<unknown> | undefined): Promise<void> {
    const { clock, emitTimeoutMs } = this.#options;
    if (changes === undefined) return;
    if (emitTimeoutMs === 0 || emitTimeoutMs === Infinity) await changes;
    else if (!(await within(changes, emitTimeoutMs, clock)))
      throw new StoreError(
        `Could not store the message within emitTimeoutMs (${emitTimeoutMs} ms): the store does not answer with what was changed (endpoints, or the switch). Emit it again.`,
        { code: 'emit_timeout' },
      );
  }

  /** Matches and stores a message of our own, for others than the endpoint that it is about; nothing, when none of them wants it. */
  async emitOwn(message: NewMessage, aboutEndpointId: string): Promise<void> {
    const { matcher, inbox } = this.#options;
    await matcher.upToDate();
    const matched = matcher.match(message);
    if (matched === undefined) {
      await inbox.add({ message, deliveries: [], fannedOut: false });
      return;
    }
    const deliveries = matched.filter(({ endpointId }) => endpointId !== aboutEndpointId);
    if (deliveries.length > 0) await inbox.add({ message, deliveries, fannedOut: true });
  }

  #store(message: NewMessage, to: readonly Recipient[] | undefined): Promise<Receipt> {
    const { matcher, inbox, deliver } = this.#options;
    if (to !== undefined) {
      const { deliveries, hiddenEndpoints } = matcher.address(message, to);
      return inbox.add({ message, deliveries, fannedOut: true }, hiddenEndpoints);
    }
    const matched = deliver ? matcher.match(message) : undefined;
    return inbox.add({ message, deliveries: matched ?? [], fannedOut: matched !== undefined });
  }
}
