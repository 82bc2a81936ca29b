import type { DeliveryState } from '../../core/delivery.ts';
import type { StatsParams, StoreStats } from '../store.ts';
import { deliverySource } from './listing.ts';
import type { Tables } from './tables.ts';
import { matchesDelivery } from './where.ts';

/** Counts deliveries by reading them: some milliseconds for a hundred thousand. */
export function stats(tables: Tables, { where }: StatsParams): StoreStats {
  const byState: Record<DeliveryState, number> = {
    scheduled: 0,
    sending: 0,
    succeeded: 0,
    exhausted: 0,
    discarded: 0,
    failed: 0,
  };
  let waitingForRetry = 0;
  deliverySource(tables, where).scanUp(0, (row) => {
    if (!matchesDelivery(where, row)) return true;
    byState[row.state] += 1;
    if (row.state === 'scheduled' && row.attempts > 0) waitingForRetry += 1;
    return true;
  });
  return { byState, waitingForRetry };
}
