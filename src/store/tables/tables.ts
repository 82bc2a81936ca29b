import { StoreError } from '../../errors.ts';
import { EndpointRows } from './endpoint-rows.ts';
import { FinishedMessages } from './finished-messages.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { Lanes } from './lanes.ts';
import { LeaseList } from './lease-list.ts';
import { OrderedRows } from './ordered-rows.ts';
import { followRecord } from './lane-rows.ts';
import { NO_CHANGES, type RowChanges } from './row-changes.ts';
import type { AttemptRow, DeliveryRow, LaneRow, LedgerRow, MessageRow } from './rows.ts';
import { Watchers } from './watchers.ts';

/**
 * All that a store holds in memory, with its indexes. Every call works on them in one go, so no call ever sees another half done.
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
  /** Who matches now, and until when nobody else does; none when it ended. Undefined until somebody claims: leases of messages outlive a process, turns do not. */
  fanOutTurn: { readonly lease: string | undefined; readonly until: number } | undefined;
  readonly finished: FinishedMessages = new FinishedMessages();
  readonly leases: LeaseList = new LeaseList();
  readonly lanes: Lanes;
  readonly endpoints: EndpointRows;
  /** By endpoint; also of endpoints that are gone, while they have deliveries. */
  readonly ledgers: Map<string, LedgerRow> = new Map();
  readonly settings: Map<string, string> = new Map();
  readonly watchers: Watchers;
  /** Hears of every row that is changed. */
  readonly changes: RowChanges;
  /** For errors: `memory`. */
  readonly storeName: string;
  clock: { now(): number } | undefined;
  #sequence = 0;

  constructor(storeName: string, changes: RowChanges = NO_CHANGES, watchers: Watchers = new Watchers()) {
    this.storeName = storeName;
    this.changes = changes;
    this.watchers = watchers;
    this.lanes = new Lanes(changes);
    this.endpoints = new EndpointRows(changes);
  }

  now(): number {
    if (this.clock === undefined)
      throw new StoreError(`The ${this.storeName} store is not open: call open({ clock }) first.`);
    return this.clock.now();
  }

  /** The last sequence number that was given away. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Sequence numbers up to here are taken. */
  skipSequence(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
  }

  putSetting(key: string, value: string | undefined): void {
    if (value === undefined) this.settings.delete(key);
    else this.settings.set(key, value);
    this.changes.noteSetting(key);
    this.watchers.noteSetting(key);
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** The lane of an endpoint, as the endpoint's record wants it. */
  openLane(laneId: string, endpointId: string): LaneRow {
    const lane = this.lanes.get(laneId) ?? this.lanes.create(laneId);
    const record = this.endpoints.get(endpointId)?.record;
    // It may be a shared lane that was written before the first of its endpoints was stored.
    if (record !== undefined) followRecord(lane, record);
    return lane;
  }

  /** The ledger of an endpoint. */
  openLedger(endpointId: string, laneId: string): LedgerRow {
    const existing = this.ledgers.get(endpointId);
    if (existing !== undefined) return existing;
    const lane = this.openLane(laneId, endpointId);
    lane.ledgers += 1;
    const deliveries = new OrderedRows<DeliveryRow>();
    const ledger: LedgerRow = { endpointId, lane, lastMessage: -1, deliveries, keys: new Map() };
    this.ledgers.set(endpointId, ledger);
    return ledger;
  }

  /** Removes a finished message with its deliveries and attempts. */
  removeMessage(row: MessageRow): void {
    this.finished.remove(row);
    this.messages.delete(row.message.id);
    this.keys.remove(row);
    row.removed = true;
    this.changes.noteRemoved(row);
    this.messageOrder.noteRemoved();
    for (const delivery of row.deliveries) this.#removeDelivery(delivery);
  }

  #removeDelivery(row: DeliveryRow): void {
    this.deliveries.delete(row.id);
    row.removed = true;
    this.deliveryOrder.noteRemoved();
    row.ledger.deliveries.noteRemoved();
    for (const attempt of row.attemptLog ?? []) {
      attempt.removed = true;
      this.attemptOrder.noteRemoved();
    }
    this.dropLedgerIfDone(row.ledger);
  }

  /**
   * The ledger of an endpoint that was removed, or is hidden, goes with its last delivery, and a hidden endpoint with
   * it; their lane goes with its last ledger, once it holds nothing back.
   */
  dropLedgerIfDone({ endpointId, lane, deliveries }: LedgerRow): void {
    if (deliveries.size > 0) return;
    const record = this.endpoints.get(endpointId)?.record;
    if (record !== undefined && record.hidden !== true) return;
    this.endpoints.delete(endpointId);
    this.ledgers.delete(endpointId);
    lane.ledgers -= 1;
    if (lane.ledgers === 0) this.lanes.retire(lane, this.now());
  }
}
