/**
 * The rows of a store that works in memory. They point to each other, and are changed in place: one object per message, delivery,
 * attempt, ledger and lane, without copies. None of them ever leaves the store.
 */
import type { DeliveryReason, DeliveryState, DiscardReason } from '../../core/delivery.ts';
import type { EndpointRecord } from '../../core/endpoint.ts';
import type { Message } from '../../core/message.ts';
import type { RateWindow } from '../../core/rate-window.ts';
import type { BlockReason, NewAttempt } from '../store.ts';
import type { LinkedRow } from './linked-rows.ts';
import type { OrderedRow, OrderedRows } from './ordered-rows.ts';
import type { PlacedRow } from './placed-row.ts';
import type { TimedItem, TimedQueue } from './timed-queue.ts';

/** One message in memory; changed in place. */
export interface MessageRow extends OrderedRow, PlacedRow, LinkedRow<MessageRow> {
  readonly sequence: number;
  /**
   * Handed out with every lease, so the object is never changed. A store that has written it down may put another one in
   * its place, without data and metadata.
   */
  message: Message;
  readonly fingerprint: string | undefined;
  readonly createdAt: number;
  /** When its idempotency key is free again. */
  readonly idempotentUntil: number;
  fannedOut: boolean;
  /** Token of the process that matches it, and until when. */
  fanOutLease: string | undefined;
  fanOutUntil: number;
  /** In order of creation; an endpoint has at most one. */
  deliveries: DeliveryRow[];
  unfinished: number;
  /** Deliveries that ended otherwise than `succeeded`. */
  unsuccessful: number;
  /** Set while all deliveries are final and the message is matched; the row is then in a list of finished ones. */
  finishedAt: number | undefined;
}

/** One delivery in memory; changed in place. */
export interface DeliveryRow extends OrderedRow, PlacedRow, LinkedRow<DeliveryRow>, TimedItem<DeliveryRow> {
  readonly sequence: number;
  readonly id: string;
  readonly message: MessageRow;
  readonly ledger: LedgerRow;
  /** That of the ledger, one step nearer. */
  readonly lane: LaneRow;
  /** `undefined` for test messages too: they neither wait for others nor hold others up. */
  readonly orderingKey: string | undefined;
  readonly createdAt: number;
  state: DeliveryState;
  reason: DeliveryReason | undefined;
  attempts: number;
  attemptsBeforeRun: number;
  rescues: number;
  faults: number;
  dueAt: number;
  firstAttemptAt: number | undefined;
  finishedAt: number | undefined;
  /** Set while `sending`; the row is then in the list of leases. */
  lease: string | undefined;
  leasedAt: number;
  leaseUntil: number;
  /** `owner` of the call that leased it. */
  holder: string | undefined;
  /** Why it is to be discarded instead of scheduled again: it was cancelled while `sending`. */
  cancelled: DiscardReason | undefined;
  /** It stands in the queue of its ordering key. */
  inKeyQueue: boolean;
  /** Oldest first; `undefined` before the first. */
  attemptLog: AttemptRow[] | undefined;
}

/** One entry of the attempt log. */
export interface AttemptRow extends OrderedRow, PlacedRow {
  readonly sequence: number;
  readonly delivery: DeliveryRow;
  readonly startedAt: number;
  /** A store that has written it down may put another one in its place, with what `stats` asks for. */
  attempt: NewAttempt;
}

/** What one endpoint is owed, and was; changed in place. */
export interface LedgerRow {
  readonly endpointId: string;
  readonly lane: LaneRow;
  /** Sequence of the message that got a delivery here last: a message has at most one per endpoint. */
  lastMessage: number;
  /** All deliveries of the endpoint, finished ones included. */
  readonly deliveries: OrderedRows<DeliveryRow>;
  /** Ordering keys with unfinished deliveries. */
  readonly keys: Map<string, KeyQueue>;
}

/** One lane in memory; changed in place. */
export interface LaneRow extends PlacedRow, TimedItem<LaneRow> {
  readonly id: string;
  /** Ledgers whose deliveries wait here: one, unless endpoints share the lane. */
  ledgers: number;
  paused: boolean;
  /** Its endpoint is disabled, and keeps what waits. Follows the record. */
  held: boolean;
  /** Nothing is claimed before; 0 when not blocked. */
  blockedUntil: number;
  blockedReason: BlockReason | undefined;
  succeeded: number;
  failed: number;
  lastTriggeredAt: number | undefined;
  consecutiveFailures: number;
  failingSince: number | undefined;
  trips: number;
  /** `undefined`: no limit. */
  rate: RateWindow | undefined;
  /** Most deliveries that are leased at a time; `Infinity`: no limit. */
  maxLeases: number;
  /** Deliveries that are leased; test messages aside. */
  leases: number;
  /** Deliveries that may be claimed when due; of an ordering key only the first unfinished one. */
  readonly due: TimedQueue<DeliveryRow>;
  /** It waits for its turn; otherwise `entry` says until when it sleeps, if there is anything to wait for. */
  inRing: boolean;
  /** The claim that `slotsLeft` belongs to. */
  claimNumber: number;
  slotsLeft: number;
}

/**
 * The deliveries of one ordering key of one endpoint, by sequence. Only its first unfinished delivery stands in the queue
 * of the lane, and only while no other one of the key is leased.
 */
export interface KeyQueue {
  rows: DeliveryRow[];
  /** Rows before it are finished. */
  head: number;
  /** The delivery in the queue of the lane. */
  queued: DeliveryRow | undefined;
  leased: DeliveryRow | undefined;
}

/** One endpoint in memory. */
export interface EndpointRow extends OrderedRow, PlacedRow {
  readonly sequence: number;
  record: EndpointRecord;
}
