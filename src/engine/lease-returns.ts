/**
 * Gives leases back as if they had never been taken: due now, with the attempt given back. Never rejects. A delivery that was
 * called off while it was leased ends with that, and is told of. A lane that waits for a probe waits no longer for one that was not made.
 */
import type { DiscardReason } from '../core/delivery.ts';
import type { Lease, LeasedDelivery } from '../store/store.ts';
import type { EngineContext } from './engine-context.ts';

/** A leased delivery, as far as its return needs it. */
export type HeldDelivery = Pick<LeasedDelivery, 'id' | 'lease' | 'ordered' | 'endpointId' | 'message'> &
  Partial<Pick<LeasedDelivery, 'laneId' | 'probe'>>;

/** Until the next probe. */
const SOON_MS = 1;

export interface LeaseReturnsOptions extends Pick<EngineContext, 'store' | 'activity' | 'reporter'> {
  readonly onDiscarded: (delivery: HeldDelivery, reason: DiscardReason) => void;
}

export class LeaseReturns {
  readonly #options: LeaseReturnsOptions;

  constructor(options: LeaseReturnsOptions) {
    this.#options = options;
  }

  async handBack(deliveries: readonly HeldDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const { store, activity, reporter, onDiscarded } = this.#options;
    activity.begin(1);
    try {
      const results = await store.release({ leases: deliveries.map(leaseOf) });
      for (const [index, result] of results.entries()) {
        if (result.kind === 'settled' && result.state === 'discarded')
          onDiscarded(deliveries[index]!, result.reason as DiscardReason);
      }
      for (const [index, { probe, laneId }] of deliveries.entries()) {
        if (probe !== true || laneId === undefined || results[index]!.kind === 'lost') continue;
        await store.putLane({ laneId, blockForMs: SOON_MS, blockedReason: 'breaker' });
      }
    } catch (error) {
      reporter.error(error, 'hand back leases; they are rescued when they expire');
    }
    activity.end(1);
  }
}

/** What proves to the store that this process has a delivery. */
export function leaseOf({ id, lease, ordered }: Pick<LeasedDelivery, 'id' | 'lease' | 'ordered'>): Lease {
  return { deliveryId: id, lease, ordered };
}
