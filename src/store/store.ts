/**
 * The store port: where endpoints, messages, deliveries and attempts live.
 *
 * Common to all methods:
 * - One params object each. Not found is `undefined`; a conflict or a lost lease is a typed result; only trouble with
 *   I/O throws, as `StoreError` with `cause`.
 * - Calls carry durations, never instants: a store owns its clock. Instants in results are epoch ms by that clock; all
 *   that one call writes has one instant.
 * - Params and results are plain data that structured clone carries: a store may be in another process.
 * - Rows have the order in which they were stored, their sequence: within a batch that of its entries, then of their
 *   deliveries.
 * - Every change of a leased delivery is fenced by delivery id and lease token, both: one token may cover many
 *   deliveries. A caller whose lease is gone gets `lost` and nothing is written. A lease is gone once it was settled, released or rescued; one that is past its time
 *   but was not rescued yet still counts, so that an outcome which comes a little late is not thrown away.
 * - Every change of state is one of `core/transition.ts`. What is read is a copy; later changes do not show in it.
 * - `createStoreSuite` of `posthorn/testing` proves the contract; its cases stand in the order of this file.
 */
import type { Delivery } from '../core/delivery.ts';
import type {
  ClaimParams,
  ClaimResult,
  Lease,
  ReleaseParams,
  RenewParams,
  SettleParams,
  SettleResult,
} from './claiming.ts';
import type { OutboxStore } from './outbox.ts';
import type { EndpointStore, Lane, PutLaneParams, SettingsStore } from './endpoint-store.ts';
import type {
  ListParams,
  Listable,
  Page,
  PruneParams,
  PruneResult,
  RescheduleParams,
  RescheduleResult,
  StatsParams,
  StoreChange,
  StoreStats,
  StoredMessage,
} from './reading.ts';
import type {
  AppendParams,
  AppendResult,
  ClaimFanOutParams,
  ClaimFanOutResult,
  CompleteFanOutParams,
  CompleteFanOutResult,
} from './storing.ts';

export type * from './storing.ts';
export type * from './claiming.ts';
export type * from './endpoint-store.ts';
export type * from './reading.ts';
export type * from './outbox.ts';

/** The store port: where endpoints, messages, deliveries and attempts live. The contract of each method stands with it; `createStoreSuite` of `posthorn/testing` proves it. */
export interface Store {
  /** Name for logs and `health()`: `memory`. */
  readonly name: string;
  readonly capabilities: StoreCapabilities;

  /** Prepares the store: opens files, connects, migrates. Called once, before anything else. */
  open(params: OpenParams): Promise<void>;

  /** The time of the store, epoch ms. */
  now(): Promise<number>;

  /**
   * Stores messages with their deliveries, all of a batch or, if it throws, none.
   * - An entry whose id or idempotency key is taken changes nothing; it touches only its own result: `duplicate` when
   *   tenant and fingerprint agree (two `undefined` ones do), else `conflict`. Two entries of one batch count as first
   *   and second. Ids are compared first, among all tenants; idempotency keys within their tenant and window.
   * - (message, endpoint) is unique: of two deliveries to one endpoint the first is stored. Two endpoints of one lane are
   *   two deliveries.
   * - Hidden endpoints are stored in the same write, also when the entry that needed one is a duplicate: one whose id is
   *   there already is left as it is, a new one gets its first revision and the store's time. So a delivery never outlives
   *   its endpoint, whatever `prune` removes at the same time.
   * - A delivery that carries a `lease` comes back leased, its attempt counted, unless it has an ordering key or its lane
   *   is paused, held, blocked, on probation or has limits; it is `scheduled` then, and `claimDue` finds it.
   *   A delivery of a test message is leased whatever its lane says; it counts against no limit and has no ordering key.
   * - A bounded store that is full of unfinished messages throws `StoreError` of code `store_full`. One that takes no message of
   *   such a size throws `PayloadError`.
   * - When the promise resolves, everything is as durable as `capabilities.durable` promises.
   */
  append(params: AppendParams): Promise<readonly AppendResult[]>;

  /**
   * Leases messages that were stored without deliveries, for matching, all under the token of the call, oldest first. Finds them by a
   * flag, never by order of ids.
   * - In turn: what finds something has the turn, until `completeFanOut` ends it, or for `leaseMs`. Meanwhile other calls find nothing, and are told that
   *   it is `busy`. So deliveries are made in the order in which their messages were stored, whoever matches them, and ordered ones are sent in it.
   *   A message of a transaction that commits late has the place that it has then, and so has one that who had the turn did not complete.
   * - A message of the outbox whose idempotency key another message held when it was stored is removed instead.
   * - Where `watch` tells of endpoints and settings, what was changed before a message was stored has been told when this resolves with it: it is to
   *   be matched by that.
   * A lease that expires makes its message available again; until somebody takes it, the lease still counts.
   */
  claimFanOut(params: ClaimFanOutParams): Promise<ClaimFanOutResult>;

  /**
   * Stores the deliveries of claimed messages and marks them fanned out. (message, endpoint) is unique: a pair that
   * exists is left as it is. A message whose fan-out lease is gone is skipped. The deliveries are not leased: their
   * `lease` is ignored, `claimDue` finds them.
   * - A result without a lease adds deliveries to a message that is fanned out already; one that is not is skipped.
   * - With `turn`, it ends the turn of the call that had this token, also where there are no results. When that turn was ended before, or another call has
   *   had one since, nothing is stored: what comes too late would come out of order.
   * - Answers, in the order of the results, which deliveries were stored.
   */
  completeFanOut(params: CompleteFanOutParams): Promise<readonly CompleteFanOutResult[]>;

  /**
   * Leases due deliveries, their attempts counted, all under the token of the call.
   * - Never one that is leased. Expired leases are rescued first: they get their attempt back, are logged as
   *   `interrupted` and count a rescue; after `maxRescues` the delivery is `failed: crash_loop`. They are in `rescued`,
   *   as they were before this call leased any of them again.
   * - Lanes that are paused, held, blocked, out of rate tokens, full or without free slots are passed over without reading their
   *   deliveries.
   * - Fair: lanes take turns, a few deliveries each, and go on where the call before ended; within a lane by due time,
   *   then sequence, in the answer too. Of the deliveries of one endpoint with equal ordering keys only the first
   *   unfinished one, and only while no other one of them is leased.
   * - Probation: of a lane whose `trips` are not 0, one delivery is leased, as a `probe`, and the lane is blocked for `leaseMs`, with the reason
   *   `breaker`; test messages are no probes.
   * - Held: of a lane whose endpoint's record is `disabled` with `held: true`, nothing is leased, as if it were paused: from the `put` that writes it so
   *   to the one that does not. `paused` is another matter, and stays as it is. Endpoints that share a lane are never held.
   * - Rate: of a lane whose endpoint's record has a `rateLimit`, at most `limit` deliveries are leased within any
   *   `intervalMs`, plus at most one batch. Leases handed back do not give their token back. Endpoints that share a lane
   *   have the same limit, and share it too.
   * - Leases: of a lane whose endpoint's record has a `maxConcurrencyTotal`, at most so many deliveries are leased at a time, whoever holds
   *   them, test messages aside; they are `counted`. A lane that has as many is full until one of them is settled, released or rescued. Where that
   *   limit comes or is lowered, what is leased already counts, and the next one is leased when there are fewer.
   */
  claimDue(params: ClaimParams): Promise<ClaimResult>;

  /**
   * Writes outcomes: the new state of each delivery, its attempt, and the counters of its lane (`consecutiveFailures`
   * and `failingSince` not for test messages). Fenced, one by one, and answered in their order. A delivery that was cancelled meanwhile and
   * would be scheduled again becomes `discarded`; the same holds for `release` and for rescues.
   */
  settle(params: SettleParams): Promise<readonly SettleResult[]>;

  /** Prolongs leases. Fenced; returns those that are no longer held. */
  renew(params: RenewParams): Promise<readonly Lease[]>;

  /**
   * Hands leases back: due now, nothing is logged, the attempt is given back as if never begun (a first one leaves no
   * `firstAttemptAt`). Fenced, one by one, and answered in their order: what became of each delivery.
   */
  release(params: ReleaseParams): Promise<readonly SettleResult[]>;

  readonly endpoints: EndpointStore;

  /**
   * A lane. Endpoints have one each, under their own id, unless their records name a lane that they share. One that was
   * never written has the default values.
   */
  getLane(params: { laneId: string }): Promise<Lane>;
  /** Changes a lane. Members left out stay as they are. One row, however many deliveries wait. */
  putLane(params: PutLaneParams): Promise<void>;

  getMessage(params: { id: string }): Promise<StoredMessage | undefined>;
  getDelivery(params: { id: string }): Promise<Delivery | undefined>;
  /**
   * In pages, newest first or oldest first. A cursor is opaque, belongs to one order, and stays valid while rows are
   * added and removed: no row that was there all the time is left out or given twice.
   * - messages: `endpointId`, `deliveryId`, `states` and `finishedBefore` ask for a delivery that meets all of them at once.
   * - attempts: `types`, `states` and `finishedBefore` are those of their delivery as it is now.
   */
  list<K extends keyof Listable>(params: ListParams<K>): Promise<Page<Listable[K]>>;

  /**
   * Moves deliveries in batches of at most `limit`, oldest first. Only those that change are counted.
   * - to `scheduled`: final or waiting deliveries are due now, with a fresh run of the policy; attempt numbers go on.
   *   Leased ones are left alone.
   * - to `discarded`: waiting ones are discarded; leased ones have their current attempt recorded and no further one.
   *   Final ones are left alone.
   */
  reschedule(params: RescheduleParams): Promise<RescheduleResult>;

  /**
   * Counts deliveries and attempts, attempts by whole minutes. Those of test messages do not count. Latencies are counted by the bounds of
   * `LATENCY_BOUNDS_MS`, so that a store can do it in one statement; percentiles are made of the counts elsewhere.
   * An attempt counts while its message is kept, unless it began longer ago than the longer time of `retention`; a store that
   * has counts only may drop it then, or keep it that long when the message is gone. Once both are over, `prune` ends it.
   */
  stats(params: StatsParams): Promise<StoreStats>;

  /**
   * Removes what retention no longer keeps: messages whose deliveries are all final, with deliveries, attempts and
   * idempotency key. The time counts from the end of the last delivery; a message that matched no endpoint has succeeded
   * when it is stored, one that is not matched yet stays. Removes at least one batch, then stops after `budgetMs`.
   * A hidden endpoint without deliveries goes too, in this pass or a later one, and the lane that hidden ones share with
   * the last of them, but not before its block has ended and what was leased no longer counts against its rate limit.
   */
  prune(params: PruneParams): Promise<PruneResult>;

  /**
   * Tells of changes made through other handles, perhaps of the caller's own too, and never during the call that made the
   * change. A listener that throws disturbs nobody. Returns the function that ends it.
   * - Endpoints (records, and pauses of their own lanes) and settings, each by its name or as `undefined`, any: told within a second, by every store that other
   *   processes can change; one that nobody notifies polls while it is open.
   * - Problems, by a store that has any to tell of: each once, to all processes, and when one that lasts is over. There is one of those
   *   at most: the latest counts. A listener that comes while it lasts is told soon after.
   * - Work (a lane that is full no more is some, too), and messages to be matched: a hint only, best effort, where `capabilities.notifications` says so.
   */
  watch(listener: (change: StoreChange) => void): () => void;

  readonly settings: SettingsStore;

  /** Stores messages inside transactions of the caller; there when `capabilities.transactions` says so. */
  readonly outbox?: OutboxStore | undefined;

  /** Ends timers and connections. Idempotent. */
  close(): Promise<void>;
}

/** What a store can do beyond the contract. */
export interface StoreCapabilities {
  /** What was stored survives the process. */
  readonly durable: boolean;
  /** Several processes may work on it at once. */
  readonly shared: boolean;
  /** Messages can be stored inside the caller's own transaction. */
  readonly transactions: boolean;
  /** `watch` hears of work of other processes; otherwise it is found by polling. */
  readonly notifications: boolean;
  /** Secrets of endpoints are encrypted at rest. */
  readonly encrypted: boolean;
}

/** What `open` of a store takes. */
export interface OpenParams {
  /** Clock of the dispatcher; stores with a clock of their own (a database) ignore it. */
  readonly clock: { now(): number };
}
