/** Endpoints, their lanes, and settings. Part of the store port; the contract stands in store.ts. */
import type { EndpointRecord } from '../core/endpoint.ts';
import type { Page } from './reading.ts';

/** The part of the store port that keeps endpoints. */
export interface EndpointStore {
  /**
   * Writes the record if the stored revision is `expectedRevision` (0: there must be none). The stored record has the
   * next revision and the store's time in `updatedAt` (and in `createdAt`, when new).
   */
  put(params: { record: EndpointRecord; expectedRevision: number }): Promise<PutEndpointResult>;
  get(params: { id: string }): Promise<StoredEndpoint | undefined>;
  /** In order of creation, without hidden ones. */
  list(params: {
    tenant?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  }): Promise<Page<StoredEndpoint>>;
  /**
   * False when there was none. Its deliveries and lane stay until retention removes them. A lane of its own opens: pause,
   * hold, block and limits end, so that what still waits can be claimed, and discarded. A shared lane stays as it is.
   */
  remove(params: { id: string }): Promise<boolean>;
}

/** What became of a record that was put: stored, or refused because somebody else was faster. */
export type PutEndpointResult =
  | { readonly kind: 'stored'; readonly record: EndpointRecord }
  | { readonly kind: 'conflict'; readonly currentRevision: number };

/** An endpoint with its lane. */
export interface StoredEndpoint {
  readonly record: EndpointRecord;
  readonly lane: Lane;
}

/** Why a lane waits. */
export type BlockReason = 'retry_after' | 'breaker';

/** The lane of an endpoint, as the store keeps it. */
export interface Lane {
  readonly paused: boolean;
  /** Nothing is claimed before; epoch ms. `undefined` when there is no block, or when it is over. */
  readonly blockedUntil: number | undefined;
  readonly blockedReason: BlockReason | undefined;
  /** Deliveries that ended `succeeded`. Like the next two, counted over the lifetime of the lane: retention leaves it. */
  readonly succeeded: number;
  /** Deliveries that ended `exhausted` or `failed`, by `settle` or by a rescue. */
  readonly failed: number;
  /** Start of the last attempt that was `delivered` or `endpoint_failed`, epoch ms. */
  readonly lastTriggeredAt: number | undefined;
  /** Attempts that were `endpoint_failed` since the last one that was `delivered`, in the order in which they are settled. */
  readonly consecutiveFailures: number;
  /** Start of the first of these, epoch ms; `undefined` when there is none. */
  readonly failingSince: number | undefined;
  /**
   * How often in a row its circuit breaker has opened; 0: it is closed. Otherwise the lane is on probation once no block holds it back: see `claimDue`.
   * Not the store's to change, but when the endpoint is removed.
   */
  readonly trips: number;
}

/** What `putLane` takes. Members left out stay as they are. */
export interface PutLaneParams {
  readonly laneId: string;
  readonly paused?: boolean;
  /** 0 ends the block. A block that would end before the one in force changes nothing, unless both have the reason `breaker`. */
  readonly blockForMs?: number;
  /** Goes with `blockForMs`. */
  readonly blockedReason?: BlockReason;
  /** `true`: `blockForMs` counts only while a block with the reason `breaker` is in force, and if it is longer. For a probe that takes longer than its lease: nobody is to try another one meanwhile, unless the breaker was closed. */
  readonly prolong?: true;
  readonly trips?: number;
  /** `true`: `consecutiveFailures` and `failingSince` begin anew. */
  readonly resetFailures?: true;
}

/** The part of the store port that keeps settings: short texts by key. Any key of at most 250 characters is the caller's. */
export interface SettingsStore {
  get(params: { key: string }): Promise<string | undefined>;
  /** `undefined` removes it. */
  put(params: { key: string; value: string | undefined }): Promise<void>;
}
