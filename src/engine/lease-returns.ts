/** Gives leases back as if they had never been taken: due now, with the attempt refunded. Never rejects. */
import type { Lease, LeasedDelivery } from '../store/store.ts';
import type { EngineContext } from './engine-context.ts';

export class LeaseReturns {
  readonly #context: Pick<EngineContext, 'store' | 'activity' | 'reporter'>;

  constructor(context: Pick<EngineContext, 'store' | 'activity' | 'reporter'>) {
    this.#context = context;
  }

  handBack(deliveries: readonly LeasedDelivery[]): Promise<void> {
    return this.release(deliveries.map(({ id, lease }) => ({ deliveryId: id, lease })));
  }

  async release(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    const { store, activity, reporter } = this.#context;
    activity.begin(1);
    try {
      await store.release({ leases, refund: true });
    } catch (error) {
      reporter.error(error, 'hand back leases; they are rescued when they expire');
    }
    activity.end(1);
  }
}
