import type { AppendEntry, NewDelivery, NewMessage } from '../../store.ts';

/** A delivery of an entry that is to be stored. */
export interface PlannedDelivery {
  readonly delivery: NewDelivery;
  /** Where it stands in its entry. */
  readonly index: number;
  /** `if_open`: unless its lane holds something back. */
  readonly leased: 'always' | 'if_open' | 'never';
}

/** The deliveries of an entry that are stored: of two to one endpoint the first. */
export function planDeliveries({ message, deliveries }: AppendEntry): readonly PlannedDelivery[] {
  const endpoints = new Set<string>();
  const planned: PlannedDelivery[] = [];
  for (const [index, delivery] of deliveries.entries()) {
    if (endpoints.has(delivery.endpointId)) continue;
    endpoints.add(delivery.endpointId);
    planned.push({ delivery, index, leased: whenLeased(message, delivery) });
  }
  return planned;
}

function whenLeased({ test }: NewMessage, delivery: NewDelivery): PlannedDelivery['leased'] {
  if (delivery.lease === undefined || delivery.state !== 'scheduled') return 'never';
  if (test) return 'always';
  return delivery.orderingKey === undefined ? 'if_open' : 'never';
}
