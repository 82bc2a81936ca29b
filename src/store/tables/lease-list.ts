import { LinkedRows } from './linked-rows.ts';
import type { DeliveryRow } from './rows.ts';

/**
 * Leased deliveries, the first to expire in front. Leases of one length are added in order, so finding the place costs
 * nothing; mixed lengths walk past the longer ones.
 */
export class LeaseList {
  readonly #rows = new LinkedRows<DeliveryRow>();

  get first(): DeliveryRow | undefined {
    return this.#rows.first;
  }

  add(row: DeliveryRow): void {
    let before = this.#rows.last;
    while (before !== undefined && before.leaseUntil > row.leaseUntil) before = before.previous;
    this.#rows.insertAfter(before, row);
  }

  remove(row: DeliveryRow): void {
    this.#rows.remove(row);
  }
}
