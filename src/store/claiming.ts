/** What is claimed, leased and settled. Part of the store port; the contract stands in store.ts. */
import type { Delivery, DeliveryReason, DeliveryState } from '../core/delivery.ts';
import type { Message } from '../core/message.ts';
import type { AttemptOutcome, OutcomeReason } from '../core/outcome.ts';
import type { StoredResponse } from '../core/stored-response.ts';
import type { Transition } from '../core/transition.ts';

/** A delivery that this process may work on, with all an attempt needs. */
export interface LeasedDelivery {
  readonly id: string;
  readonly lease: string;
  readonly endpointId: string;
  /** Lane of its endpoint. */
  readonly laneId: string;
  readonly message: Message;
  /** Number of the attempt to make now. */
  readonly attempts: number;
  readonly attemptsBeforeRun: number;
  readonly rescues: number;
  readonly faults: number;
  readonly firstAttemptAt: number;
  /** It has an ordering key, and others may wait for it. Never of a test message. */
  readonly ordered: boolean;
  /** Its lane has a most of leases, and this is one of them: others may wait for its end. Never of a test message. */
  readonly counted: boolean;
  /** Its lane is on probation, and waits for what becomes of it. */
  readonly probe: boolean;
}

/** What `claimDue` takes. */
export interface ClaimParams {
  /** Most deliveries to lease. */
  readonly limit: number;
  readonly leaseMs: number;
  readonly owner: string;
  /** Token of all that this call leases. A fresh one for each call, also when a call is repeated. */
  readonly lease: string;
  /** Most deliveries of a lane that `freeSlots` does not name. */
  readonly perLane: number;
  /** Most deliveries of the lanes named here, by id of the lane; 0 passes a lane over. */
  readonly freeSlots: ReadonlyMap<string, number>;
  readonly maxRescues: number;
}

/** What `claimDue` answers: leased deliveries, and how long a caller may sleep. */
export interface ClaimResult {
  readonly leased: readonly LeasedDelivery[];
  /** Deliveries whose lease had expired, in their new state. */
  readonly rescued: readonly Delivery[];
  /**
   * Time until something could be claimed, free slots aside: 0 = now, `undefined` = nothing is waiting. Counts due times,
   * ends of blocks, rate tokens and the expiry of leases, held ones included; paused, held and full lanes do not count: a full one opens when a lease ends.
   */
  readonly nextDueMs: number | undefined;
  /**
   * The same without lanes that this claim left without a free slot: how long a caller can sleep that claims again when
   * one of its slots frees. 0 when the limit was reached before the lanes were empty, and when nothing was leased because others had
   * locked the lanes that are due: it is to be asked again in a moment.
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
  readonly traceparent: string | undefined;
}

/** One outcome to write: what the delivery becomes, and the attempt to log. */
export interface Settlement extends Lease {
  readonly transition: Transition;
  readonly attempt: NewAttempt | undefined;
}

/** What `settle` takes: a batch of outcomes. */
export interface SettleParams {
  readonly settlements: readonly Settlement[];
}

/**
 * What became of a lease that was settled or released. `state` may differ from the one asked for when the delivery was
 * cancelled while it was leased; `lost`: the lease was not held, and nothing was written.
 */
export type SettleResult =
  | { readonly kind: 'settled'; readonly state: DeliveryState; readonly reason: DeliveryReason | undefined }
  | { readonly kind: 'lost' };

/** Proof of the right to work on a delivery: its id, and the token under which it was leased. Neither counts without the other. */
export interface Lease {
  readonly deliveryId: string;
  readonly lease: string;
  /** As the leased delivery said. No part of the proof: it tells a store whether others of an ordering key may wait. */
  readonly ordered: boolean;
}

/** What `renew` takes. */
export interface RenewParams {
  readonly leases: readonly Lease[];
  readonly leaseMs: number;
}

/** What `release` takes. */
export interface ReleaseParams {
  readonly leases: readonly Lease[];
}
