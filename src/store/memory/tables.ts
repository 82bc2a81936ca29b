import { StoreError } from '../../errors.ts';
import { EndpointRows } from './endpoint-rows.ts';
import { FinishedMessages } from './finished-messages.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { Lanes } from './lanes.ts';
import { LeaseList } from './lease-list.ts';
import { OrderedRows } from './ordered-rows.ts';
import type { AttemptRow, DeliveryRow, LaneRow, MessageRow } from './rows.ts';
import { Watchers } from './watchers.ts';

/**
 * All that a memory store holds, with its indexes. Every call works on them in one go, so no call ever sees another half done.
 */
export class Tables {
  readonly messages: Map<string, MessageRow> = new Map();
  readonly deliveries: Map<string, DeliveryRow> = new Map();
  readonly messageOrder: OrderedRows<MessageRow> = new OrderedRows();
  readonly deliveryOrder: OrderedRows<DeliveryRow> = new OrderedRows();
  readonly attemptOrder: OrderedRows<AttemptRow> = new OrderedRows();
  readonly keys: IdempotencyKeys = new IdempotencyKeys();
  /** Messages that are not matched yet, oldest first. */
  readonly unmatched: Map<string, MessageRow> = new Map();
  readonly finished: FinishedMessages = new FinishedMessages();
  readonly leases: LeaseList = new LeaseList();
  readonly lanes: Lanes = new Lanes();
  readonly endpoints: EndpointRows = new EndpointRows();
  readonly settings: Map<string, string> = new Map();
  readonly watchers: Watchers = new Watchers();
  clock: { now(): number } | undefined;
  #sequence = 0;

  now(): number {
    if (this.clock === undefined)
      throw new StoreError('The memory store is not open: call open({ clock }) first.');
    return this.clock.now();
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** The lane of an endpoint, made with the endpoint's rate limit if there is none. */
  openLane(endpointId: string): LaneRow {
    return (
      this.lanes.get(endpointId) ?? this.lanes.create(endpointId, this.endpoints.rateLimitOf(endpointId))
    );
  }

  /** Removes a finished message with its deliveries and attempts. */
  removeMessage(row: MessageRow): void {
    this.finished.remove(row);
    this.messages.delete(row.message.id);
    this.keys.remove(row);
    row.removed = true;
    this.messageOrder.noteRemoved();
    for (const delivery of row.deliveries) this.#removeDelivery(delivery);
  }

  #removeDelivery(row: DeliveryRow): void {
    this.deliveries.delete(row.id);
    row.removed = true;
    this.deliveryOrder.noteRemoved();
    row.lane.deliveries.noteRemoved();
    for (const attempt of row.attemptLog ?? []) {
      attempt.removed = true;
      this.attemptOrder.noteRemoved();
    }
    this.dropLaneIfDone(row.lane);
  }

  /** A lane goes with the last delivery of an endpoint that was removed. */
  dropLaneIfDone(lane: LaneRow): void {
    if (lane.deliveries.size === 0 && this.endpoints.get(lane.endpointId) === undefined)
      this.lanes.delete(lane);
  }
}
