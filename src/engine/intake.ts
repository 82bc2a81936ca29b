/** Where messages come in: matched by endpoints that are up to date, and stored in the order in which they came. */
import type { NewMessage } from '../store/store.ts';
import type { Directory } from './directory.ts';
import type { Inbox, Receipt } from './inbox.ts';
import type { Matcher } from './matcher.ts';
import { OrderGate } from './order-gate.ts';
import type { Recipient } from './recipients.ts';

export interface IntakeOptions {
  readonly directory: Pick<Directory, 'upToDate'>;
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
    const changes = this.#options.directory.upToDate();
    if (changes === undefined && this.#gate.isFree) return this.#store(message, to);
    return this.#gate.pass(changes, () => this.#store(message, to));
  }

  /** Matches and stores a message of our own, for others than the endpoint that it is about; nothing, when none of them wants it. */
  async emitOwn(message: NewMessage, aboutEndpointId: string): Promise<void> {
    const { directory, matcher, inbox } = this.#options;
    await directory.upToDate();
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
