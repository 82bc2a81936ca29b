import type { AttemptOutcome, OutcomeReason } from './outcome.ts';
import type { StoredResponse } from './stored-response.ts';

/** All states of a delivery. */
export const DELIVERY_STATES = [
  'scheduled',
  'sending',
  'succeeded',
  'exhausted',
  'discarded',
  'failed',
] as const;

/**
 * - `scheduled`: waits until `dueAt`, and for its lane
 * - `sending`: leased by a process
 * - `succeeded`: a success response arrived
 * - `exhausted`: the retry policy says no further attempt
 * - `discarded`: deliberately not sent (further); `reason` says why
 * - `failed`: the dispatcher's own fault, not the endpoint's; `reason` says which
 */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** States that only `retry` or a replay can leave. */
export const FINAL_STATES = [
  'succeeded',
  'exhausted',
  'discarded',
  'failed',
] as const satisfies readonly DeliveryState[];
/** A state that only a retry or a replay can leave. */
export type FinalState = (typeof FINAL_STATES)[number];

export function isFinalState(state: DeliveryState): state is FinalState {
  return state !== 'scheduled' && state !== 'sending';
}

/** Why a delivery is `discarded`. `dispatcher_paused`: emitted while everything was paused, and not to be held. */
export type DiscardReason =
  | 'endpoint_removed'
  | 'endpoint_disabled'
  | 'dispatcher_paused'
  | 'gone'
  | 'cancelled'
  | 'blocked'
  | 'expired';

/** Why a delivery is in its state: a discard reason, the reason of its last outcome, or `crash_loop`. */
export type DeliveryReason = DiscardReason | OutcomeReason | 'crash_loop';

/** One message owed to one endpoint. Instants are epoch ms by the clock of the store. */
export interface Delivery {
  readonly id: string;
  readonly messageId: string;
  readonly endpointId: string;
  readonly tenant: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly reason: DeliveryReason | undefined;
  /** Attempts that count, the running one included. Goes on counting after a `retry`. */
  readonly attempts: number;
  /** Value of `attempts` when the current run of the retry policy began: 0, or higher after a `retry`. */
  readonly attemptsBeforeRun: number;
  /** How often a lease of this delivery expired without a settle. */
  readonly rescues: number;
  /** How often in a row it was not sent by a fault of the dispatcher itself, or of its proxy; `reason` says which it was last. */
  readonly faults: number;
  /** When it is due next; meaningful while `scheduled`. */
  readonly dueAt: number;
  readonly createdAt: number;
  readonly firstAttemptAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly test: boolean;
}

/** One HTTP request made for a delivery, as kept in the attempt log. */
export interface Attempt {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly endpointId: string;
  readonly tenant: string;
  /** 1 for the first. An interrupted attempt gives its number back, so two records may share one. */
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly reason: OutcomeReason | undefined;
  /** One line for a person, free of secrets. */
  readonly detail: string | undefined;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly response: StoredResponse | undefined;
  /** The `traceparent` that was sent; undefined when the message belongs to no trace. */
  readonly traceparent: string | undefined;
}
