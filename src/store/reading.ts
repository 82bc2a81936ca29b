/** What is read, moved in bulk and removed. Part of the store port; the contract stands in store.ts. */
import type { Attempt, Delivery, DeliveryState, DiscardReason } from '../core/delivery.ts';
import type { LatencyCounts } from '../core/latency.ts';
import type { Message } from '../core/message.ts';

/** A message as a store gives it back. */
export interface StoredMessage extends Message {
  readonly createdAt: number;
  readonly fannedOut: boolean;
}

/** What `list` of a store can list, by name. */
export interface Listable {
  messages: StoredMessage;
  deliveries: Delivery;
  attempts: Attempt;
}

/** Members that are left out do not restrict; an empty list matches nothing. `since` is inclusive, `until` exclusive, both by creation (attempts: start). */
export interface ListWhere {
  readonly tenant?: string | undefined;
  readonly endpointId?: string | undefined;
  readonly messageId?: string | undefined;
  /** Any of these messages. */
  readonly messageIds?: readonly string[] | undefined;
  readonly deliveryId?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly states?: readonly DeliveryState[] | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Leaves out deliveries that ended at or after this instant; unfinished ones stay. */
  readonly finishedBefore?: number | undefined;
}

/** What `list` of a store takes. */
export interface ListParams<K extends keyof Listable> {
  readonly of: K;
  readonly where: ListWhere;
  /** Which end comes first. Default `'newest'`. */
  readonly order?: 'newest' | 'oldest' | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the next page; `undefined` on the last. */
  readonly nextCursor: string | undefined;
}

/** What `reschedule` takes: which deliveries, and where they go. */
export interface RescheduleParams {
  readonly where: ListWhere & { readonly deliveryIds?: readonly string[] | undefined };
  readonly to: 'scheduled' | 'discarded';
  /** Needed for `discarded`; without it the call throws an `OptionsError`. */
  readonly reason?: DiscardReason;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** What `reschedule` moved. */
export interface RescheduleResult {
  readonly count: number;
  /** The deliveries as they are now. */
  readonly deliveries: readonly Delivery[];
  readonly nextCursor: string | undefined;
}

/** What `stats` of a store takes. */
export interface StatsParams {
  /**
   * `since` and `until` apply to the creation of deliveries, and to the start of attempts. For attempts a store may take the
   * full minute before `since` and the one after `until`, and keep one count for each minute.
   */
  readonly where: Pick<ListWhere, 'tenant' | 'endpointId' | 'since' | 'until'>;
  /**
   * Counts attempts once more by stretches of this length, a multiple of 60,000. The first begins at `since`, which it
   * needs, rounded down to a full minute.
   */
  readonly bucketMs?: number | undefined;
}

/** Counts over the deliveries of a store. */
export interface StoreStats {
  /** The time of the store, epoch ms. */
  readonly at: number;
  readonly byState: Readonly<Record<DeliveryState, number>>;
  /** Scheduled deliveries that were attempted before. */
  readonly waitingForRetry: number;
  /**
   * Messages that are not matched yet (`fannedOut: false`), those of test messages left out, by their tenant and the instant they were stored; 0 with
   * `endpointId`. Counted before the deliveries, so that a message which is matched meanwhile is counted as both rather than not at all.
   */
  readonly unmatchedMessages: number;
  readonly attempts: AttemptCounts;
  /** Start of the last attempt that was `delivered`, epoch ms. */
  readonly lastDeliveredAt: number | undefined;
  /** Start of the last attempt that was `endpoint_failed`, epoch ms. */
  readonly lastFailedAt: number | undefined;
  /** Stretches in which there were attempts, in order of time; empty without `bucketMs`. */
  readonly buckets: readonly (AttemptCounts & { readonly startAt: number })[];
  /** Counters of the lanes, whatever `since` and `until` say: of the endpoint, or of all endpoints (of the tenant) that are not hidden. */
  readonly lifetime: LifetimeCounts;
}

/** What retention leaves. */
export interface LifetimeCounts {
  /** Deliveries that ended `succeeded`. */
  readonly succeeded: number;
  /** Deliveries that ended `exhausted` or `failed`. */
  readonly failed: number;
  /** Start of the last attempt that was `delivered` or `endpoint_failed`, epoch ms. */
  readonly lastTriggeredAt: number | undefined;
}

/** Attempts, counted. */
export interface AttemptCounts {
  /** Attempts that were `delivered`. */
  readonly delivered: number;
  /** Attempts that were `endpoint_failed`. */
  readonly failed: number;
  /** How long those of them took that got a response. */
  readonly latency: LatencyCounts;
}

/** How long what is finished is kept, in milliseconds. 0: until the next pass, of which each process begins one every 10 minutes. `Infinity`: for ever. */
export interface Retention {
  /** How long a message is kept after its last delivery ended, all succeeded. */
  readonly succeededMs: number;
  /** The same when some delivery ended otherwise. */
  readonly unsuccessfulMs: number;
}

/** What `prune` takes. */
export interface PruneParams {
  readonly retention: Retention;
  readonly budgetMs: number;
}

/** What `prune` removed. */
export interface PruneResult {
  readonly messages: number;
  /** More remains to be removed now. */
  readonly more: boolean;
}

/** What `watch` tells. */
export type StoreChange =
  /** A delivery can, or will, be claimed earlier than the last `claimDue` told. */
  | { readonly kind: 'work' }
  | { readonly kind: 'fan_out' }
  /** `undefined`: any may have changed, some may be new or gone. */
  | { readonly kind: 'endpoint'; readonly id: string | undefined }
  /** `undefined`: any may have changed. */
  | { readonly kind: 'setting'; readonly key: string | undefined }
  /** `undefined`: what lasted is over. */
  | { readonly kind: 'problem'; readonly problem: StoreProblem | undefined };

/** What a person should know of a store that goes on with what it has. */
export interface StoreProblem {
  /** Sentences for a person: what is wrong, where, and what to do. Without secrets. */
  readonly message: string;
  readonly code: 'store_failed' | 'record_invalid' | 'key_missing' | 'decrypt_failed';
  /** Until it is repaired. False: it is over already. */
  readonly lasts: boolean;
}
