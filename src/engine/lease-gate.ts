/**
 * Deliveries that were leased though nothing is to be sent to their endpoint now: it is paused or held, everything is, or the engine stops. They go
 * back to the store. A store may know sooner than this process that a pause is over, so what is wanted again by the time it is back is looked for:
 * nobody else would.
 */
import type { LeasedDelivery } from '../store/store.ts';
import type { Directory } from './directory.ts';
import type { LeaseReturns } from './lease-returns.ts';
import type { Switch } from './switch.ts';

export interface LeaseGateOptions {
  readonly directory: Pick<Directory, 'isWaiting' | 'hasWaiting'>;
  readonly switch: Pick<Switch, 'state'>;
  readonly returns: LeaseReturns;
  readonly isStopping: () => boolean;
  /** There may be something to be claimed. */
  readonly onWork: () => void;
}

export class LeaseGate {
  readonly #options: LeaseGateOptions;

  constructor(options: LeaseGateOptions) {
    this.#options = options;
  }

  /** Those that may be sent now; the others are handed back. */
  admit(deliveries: readonly LeasedDelivery[]): readonly LeasedDelivery[] {
    const { directory, switch: everything, isStopping } = this.#options;
    if (!isStopping() && everything.state === undefined && !directory.hasWaiting) return deliveries;
    const unwanted = deliveries.filter((delivery) => this.#isUnwanted(delivery));
    if (unwanted.length === 0) return deliveries;
    void this.handBack(unwanted);
    return deliveries.filter((delivery) => !unwanted.includes(delivery));
  }

  /** Never rejects. */
  async handBack(deliveries: readonly LeasedDelivery[]): Promise<void> {
    const { returns, onWork } = this.#options;
    await returns.handBack(deliveries);
    if (deliveries.some((delivery) => !this.#isUnwanted(delivery))) onWork();
  }

  #isUnwanted({ endpointId, message }: LeasedDelivery): boolean {
    const { directory, switch: everything, isStopping } = this.#options;
    if (isStopping()) return true;
    return !message.test && (everything.state !== undefined || directory.isWaiting(endpointId));
  }
}
