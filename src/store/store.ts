/**
 * The store port: where endpoints, messages, deliveries and attempts live.
 *
 * Common to all methods:
 * - One params object each. Not found is `undefined`; a conflict or a lost lease is a typed result; only trouble with
 *   I/O throws, as `StoreError` with `cause`.
 * - Calls carry durations, never instants: a store owns its clock. Instants in results are epoch ms by that clock.
 * - Every change of a leased delivery is fenced by delivery id and lease token. A caller whose lease is gone gets
 *   `lost` and nothing is written. A lease is gone once it was settled, released or rescued; one that is past its time
 *   but was not rescued yet still counts, so that an outcome which comes a little late is not thrown away.
 * - Every change of state is one of `core/transition.ts`. What is read is a copy; later changes do not show in it.
 * - `createStoreSuite` of `posthorn/testing` proves the contract; its cases stand in the order of this file.
 */
import type { Attempt, Delivery, DeliveryReason, DeliveryState, DiscardReason } from '../core/delivery.ts';
import type { StoredResponse } from '../core/stored-response.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import type { Message } from '../core/message.ts';
import type { AttemptOutcome, OutcomeReason } from '../core/outcome.ts';
import type { Transition } from '../core/transition.ts';

export interface Store {
  /** Name for logs and `health()`: `memory`. */
  readonly name: string;
  readonly capabilities: StoreCapabilities;

  /** Prepares the store: opens files, connects, migrates. Called once, before anything else. */
  open(params: OpenParams): Promise<void>;

  /**
   * Stores messages with their deliveries, all of a batch or, if it throws, none.
   * - An entry whose id or idempotency key is taken changes nothing; it touches only its own result: `duplicate` when
   *   tenant and fingerprint agree (two `undefined` ones do), else `conflict`. Two entries of one batch count as first
   *   and second. Ids are compared first, among all tenants; idempotency keys within their tenant and window.
   * - (message, endpoint) is unique: of two deliveries to one endpoint the first is stored.
   * - A delivery that carries a `lease` comes back leased, its attempt counted, unless its lane is paused, blocked, out
   *   of rate tokens or holds an unfinished earlier delivery of its ordering key; it is `scheduled` then.
   *   A delivery of a test message is leased whatever its lane says; it takes no rate token and has no ordering key.
   * - A bounded store that is full of unfinished messages throws `StoreError` of code `store_full`.
   * - When the promise resolves, everything is as durable as `capabilities.durable` promises.
   */
  append(params: AppendParams): Promise<readonly AppendResult[]>;

  /**
   * Leases messages that were stored without deliveries, for matching. Finds them by a flag, never by order of ids.
   * A lease that expires makes its message available again; until somebody takes it, the lease still counts.
   */
  claimFanOut(params: ClaimFanOutParams): Promise<readonly FanOutClaim[]>;

  /**
   * Stores the deliveries of claimed messages and marks them fanned out. (message, endpoint) is unique: a pair that
   * exists is left as it is. A message whose fan-out lease is gone is skipped. The deliveries are not leased: their
   * `lease` is ignored, `claimDue` finds them.
   */
  completeFanOut(params: CompleteFanOutParams): Promise<void>;

  /**
   * Leases due deliveries, their attempts counted.
   * - Never one that is leased. Expired leases are rescued first: they get their attempt back, are logged as
   *   `interrupted` and count a rescue; after `maxRescues` the delivery is `failed: crash_loop`. They are in `rescued`,
   *   as they were before this call leased any of them again.
   * - Lanes that are paused, blocked, out of rate tokens or without free slots are passed over without reading their
   *   deliveries.
   * - Fair: lanes take turns, a few deliveries each, and go on where the call before ended; within a lane by due time,
   *   then sequence. With ordering keys, only the first unfinished delivery of a key, and only while no other one of the
   *   key is leased.
   * - Rate: of an endpoint whose record has a `rateLimit`, at most `limit` deliveries are leased within any
   *   `intervalMs`, plus at most one batch. Leases handed back do not give their token back.
   */
  claimDue(params: ClaimParams): Promise<ClaimResult>;

  /**
   * Writes outcomes: the new state of each delivery, its attempt, and the counters of its lane. Fenced, one by one. A
   * delivery that was cancelled meanwhile and would be scheduled again becomes `discarded`; the same holds for `release`
   * and for rescues.
   */
  settle(params: SettleParams): Promise<readonly SettleResult[]>;

  /** Prolongs leases. Fenced; returns the tokens that are no longer held. */
  renew(params: RenewParams): Promise<readonly string[]>;

  /**
   * Hands leases back: due now, nothing is logged. With `refund` the attempt is given back as if never begun (a first
   * one leaves no `firstAttemptAt`); without, it stays counted. Fenced.
   */
  release(params: ReleaseParams): Promise<void>;

  readonly endpoints: EndpointStore;

  /** The lane of an endpoint; one that was never written has the default values. */
  getLane(params: { endpointId: string }): Promise<Lane>;
  /** Changes a lane. Members left out stay as they are. One row, however many deliveries wait. */
  putLane(params: PutLaneParams): Promise<void>;

  getMessage(params: { id: string }): Promise<StoredMessage | undefined>;
  getDelivery(params: { id: string }): Promise<Delivery | undefined>;
  /**
   * Newest first, in pages. A cursor is opaque, and stays valid while rows are added and removed: no row that was there
   * all the time is left out or given twice.
   * - messages: `endpointId`, `deliveryId` and `states` ask for a delivery that meets all of them at once.
   * - attempts: `types` and `states` are those of their delivery as it is now.
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

  stats(params: StatsParams): Promise<StoreStats>;

  /**
   * Removes what retention no longer keeps: messages whose deliveries are all final, with deliveries, attempts and
   * idempotency key. The time counts from the end of the last delivery; a message that matched no endpoint has succeeded
   * when it is stored, one that is not matched yet stays. Removes at least one batch, then stops after `budgetMs`.
   */
  prune(params: PruneParams): Promise<PruneResult>;

  /**
   * Tells of work and endpoint changes made through other handles, perhaps of the caller's own too. Best effort, a hint
   * only, and never during the call that made the change. A listener that throws disturbs nobody. Returns the function
   * that ends it.
   */
  watch(listener: (change: StoreChange) => void): () => void;

  readonly settings: SettingsStore;

  /** Ends timers and connections. Idempotent. */
  close(): Promise<void>;
}

export interface StoreCapabilities {
  /** What was stored survives the process. */
  readonly durable: boolean;
  /** Several processes may work on it at once. */
  readonly shared: boolean;
  /** Messages can be stored inside the caller's own transaction. */
  readonly transactions: boolean;
  /** `watch` hears of changes made by other processes; otherwise they are found by polling. */
  readonly notifications: boolean;
}

export interface OpenParams {
  /** Clock of the dispatcher; stores with a clock of their own (a database) ignore it. */
  readonly clock: { now(): number };
}

// --- append, fan-out -------------------------------------------------------------------------------------------------

export interface NewDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** `discarded` for a message that met a disabled endpoint, `failed` when a named filter threw. Neither is ever leased. */
  readonly state: 'scheduled' | 'discarded' | 'failed';
  readonly reason: DeliveryReason | undefined;
  /** Token under which the caller wants it leased. */
  readonly lease: string | undefined;
  /** Deliveries of one endpoint with equal keys are sent one after the other. */
  readonly orderingKey: string | undefined;
}

export interface NewMessage extends Message {
  /** Digest of what makes two messages the same; compared when id or idempotency key is taken. */
  readonly fingerprint: string | undefined;
}

export interface AppendEntry {
  readonly message: NewMessage;
  readonly deliveries: readonly NewDelivery[];
  /** False: not matched yet; `claimFanOut` will find it. */
  readonly fannedOut: boolean;
}

export interface AppendParams {
  readonly entries: readonly AppendEntry[];
  readonly owner: string;
  readonly leaseMs: number;
  /** How long an idempotency key is remembered. `Infinity`: as long as its message. */
  readonly idempotencyWindowMs: number;
}

export type AppendResult =
  | { readonly kind: 'stored'; readonly leased: readonly LeasedDelivery[] }
  | {
      readonly kind: 'duplicate';
      readonly messageId: string;
      readonly deliveries: readonly { id: string; endpointId: string }[];
    }
  | { readonly kind: 'conflict'; readonly messageId: string };

export interface ClaimFanOutParams {
  readonly limit: number;
  readonly leaseMs: number;
}

export interface FanOutClaim {
  readonly message: Message;
  readonly lease: string;
}

export interface CompleteFanOutParams {
  readonly results: readonly {
    readonly messageId: string;
    readonly lease: string;
    readonly deliveries: readonly NewDelivery[];
  }[];
}

// --- claim, settle ---------------------------------------------------------------------------------------------------

/** A delivery that this process may work on, with all an attempt needs. */
export interface LeasedDelivery {
  readonly id: string;
  readonly lease: string;
  readonly endpointId: string;
  readonly message: Message;
  /** Number of the attempt to make now. */
  readonly attempts: number;
  readonly attemptsBeforeRun: number;
  readonly rescues: number;
  readonly faults: number;
  readonly firstAttemptAt: number;
}

export interface ClaimParams {
  /** Most deliveries to lease. */
  readonly limit: number;
  readonly leaseMs: number;
  readonly owner: string;
  /** Makes a fresh lease token. */
  readonly token: () => string;
  /** Most deliveries of a lane that `freeSlots` does not name. */
  readonly perLane: number;
  /** Most deliveries of the lanes named here; 0 passes a lane over. */
  readonly freeSlots: ReadonlyMap<string, number>;
  readonly maxRescues: number;
}

export interface ClaimResult {
  readonly leased: readonly LeasedDelivery[];
  /** Deliveries whose lease had expired, in their new state. */
  readonly rescued: readonly Delivery[];
  /**
   * Time until something could be claimed, free slots aside: 0 = now, `undefined` = nothing is waiting. Counts due times,
   * ends of blocks, rate tokens and the expiry of leases, held ones included; paused lanes do not count.
   */
  readonly nextDueMs: number | undefined;
  /**
   * The same without lanes that this claim left without a free slot: how long a caller can sleep that claims again when
   * one of its slots frees. 0 when the limit was reached before the lanes were empty.
   */
  readonly nextOpenMs: number | undefined;
}

/** An attempt as handed in; the store stamps its start: `durationMs` before the call. */
export interface NewAttempt {
  readonly outcome: AttemptOutcome;
  readonly reason: OutcomeReason | undefined;
  readonly detail: string | undefined;
  readonly attempt: number;
  readonly durationMs: number;
  readonly response: StoredResponse | undefined;
}

export interface Settlement {
  readonly deliveryId: string;
  readonly lease: string;
  readonly transition: Transition;
  readonly attempt: NewAttempt | undefined;
}

export interface SettleParams {
  readonly settlements: readonly Settlement[];
}

/** `state` may differ from the transition's when the delivery was cancelled while its attempt ran. */
export type SettleResult =
  | { readonly kind: 'settled'; readonly state: DeliveryState; readonly reason: DeliveryReason | undefined }
  | { readonly kind: 'lost' };

export interface Lease {
  readonly deliveryId: string;
  readonly lease: string;
}

export interface RenewParams {
  readonly leases: readonly Lease[];
  readonly leaseMs: number;
}

export interface ReleaseParams {
  readonly leases: readonly Lease[];
  readonly refund: boolean;
}

// --- endpoints, lanes, settings --------------------------------------------------------------------------------------

export interface EndpointStore {
  /**
   * Writes the record if the stored revision is `expectedRevision` (0: there must be none). The stored record has the
   * next revision and the store's time in `updatedAt` (and in `createdAt`, when new).
   */
  put(params: { record: EndpointRecord; expectedRevision: number }): Promise<PutEndpointResult>;
  get(params: { id: string }): Promise<StoredEndpoint | undefined>;
  /** In order of creation. */
  list(params: {
    tenant?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  }): Promise<Page<StoredEndpoint>>;
  /**
   * False when there was none. Its deliveries and lane stay until retention removes them. The lane opens: pause, block and
   * rate limit end, so that what still waits can be claimed, and discarded.
   */
  remove(params: { id: string }): Promise<boolean>;
}

export type PutEndpointResult =
  | { readonly kind: 'stored'; readonly record: EndpointRecord }
  | { readonly kind: 'conflict'; readonly currentRevision: number };

export interface StoredEndpoint {
  readonly record: EndpointRecord;
  readonly lane: Lane;
}

/** Why a lane waits. */
export type BlockReason = 'retry_after' | 'breaker';

export interface Lane {
  readonly paused: boolean;
  /** Nothing is claimed before; epoch ms. `undefined` when there is no block, or when it is over. */
  readonly blockedUntil: number | undefined;
  readonly blockedReason: BlockReason | undefined;
  /** Deliveries that ended `succeeded`. Like the next two, counted over the lifetime of the endpoint: retention leaves it. */
  readonly succeeded: number;
  /** Deliveries that ended `exhausted` or `failed`, by `settle` or by a rescue. */
  readonly failed: number;
  /** Start of the last attempt that was `delivered` or `endpoint_failed`, epoch ms. */
  readonly lastTriggeredAt: number | undefined;
}

export interface PutLaneParams {
  readonly endpointId: string;
  readonly paused?: boolean;
  /** 0 ends the block. A block that would end before the one in force changes nothing. */
  readonly blockForMs?: number;
  /** Goes with `blockForMs`. */
  readonly blockedReason?: BlockReason;
}

export interface SettingsStore {
  get(params: { key: string }): Promise<string | undefined>;
  /** `undefined` removes it. */
  put(params: { key: string; value: string | undefined }): Promise<void>;
}

// --- reading ---------------------------------------------------------------------------------------------------------

export interface StoredMessage extends Message {
  readonly createdAt: number;
  readonly fannedOut: boolean;
}

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
  readonly deliveryId?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly states?: readonly DeliveryState[] | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export interface ListParams<K extends keyof Listable> {
  readonly of: K;
  readonly where: ListWhere;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the next page; `undefined` on the last. */
  readonly nextCursor: string | undefined;
}

export interface RescheduleParams {
  readonly where: ListWhere & { readonly deliveryIds?: readonly string[] | undefined };
  readonly to: 'scheduled' | 'discarded';
  /** Needed for `discarded`; without it the call throws an `OptionsError`. */
  readonly reason?: DiscardReason;
  /** Only counts. */
  readonly dryRun?: boolean;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface RescheduleResult {
  readonly count: number;
  /** The deliveries as they are now; empty for a dry run. */
  readonly deliveries: readonly Delivery[];
  readonly nextCursor: string | undefined;
}

export interface StatsParams {
  readonly where: Pick<ListWhere, 'tenant' | 'endpointId' | 'since' | 'until'>;
}

export interface StoreStats {
  readonly byState: Readonly<Record<DeliveryState, number>>;
  /** Scheduled deliveries that have been attempted before. */
  readonly waitingForRetry: number;
}

export interface Retention {
  /** How long a message is kept after its last delivery ended, all succeeded. */
  readonly succeededMs: number;
  /** The same when some delivery ended otherwise. */
  readonly unsuccessfulMs: number;
}

export interface PruneParams {
  readonly retention: Retention;
  readonly budgetMs: number;
}

export interface PruneResult {
  readonly messages: number;
  /** More remains to be removed now. */
  readonly more: boolean;
}

export type StoreChange =
  /** A delivery can, or will, be claimed earlier than the last `claimDue` told. */
  | { readonly kind: 'work' }
  | { readonly kind: 'fan_out' }
  | { readonly kind: 'endpoint'; readonly id: string };
