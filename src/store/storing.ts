/** What is stored: messages with their deliveries, at once or matched later. Part of the store port; the contract stands in store.ts. */
import type { DeliveryReason } from '../core/delivery.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import type { Message } from '../core/message.ts';
import type { LeasedDelivery } from './claiming.ts';

/** A delivery to be stored. */
export interface NewDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** Lane of its endpoint, the same for all its deliveries: the endpoint's id, unless its record names a lane that it shares. */
  readonly laneId: string;
  /** `discarded` for a message that met a disabled endpoint, `failed` when a named filter threw. Neither is ever leased. */
  readonly state: 'scheduled' | 'discarded' | 'failed';
  readonly reason: DeliveryReason | undefined;
  /** Token under which the caller wants it leased. The same when an `append` is repeated. */
  readonly lease: string | undefined;
  /** Deliveries of one endpoint with equal keys are sent one after the other. */
  readonly orderingKey: string | undefined;
}

/** A message to be stored. */
export interface NewMessage extends Message {
  /** Digest of what makes two messages the same; compared when id or idempotency key is taken. */
  readonly fingerprint: string | undefined;
}

/** One message to store, with its deliveries when it is matched already. */
export interface AppendEntry {
  readonly message: NewMessage;
  readonly deliveries: readonly NewDelivery[];
  /** False: not matched yet; `claimFanOut` will find it. */
  readonly fannedOut: boolean;
}

/** What `append` takes: a batch of messages. */
export interface AppendParams {
  readonly entries: readonly AppendEntry[];
  /** Hidden endpoints that deliveries of these entries go to, each id once. */
  readonly hiddenEndpoints: readonly EndpointRecord[];
  readonly owner: string;
  readonly leaseMs: number;
  /** How long an idempotency key is remembered. `Infinity`: as long as its message. 0: keys mean nothing to this call, those that messages hold neither. */
  readonly idempotencyWindowMs: number;
}

/** What became of one entry: stored, with the deliveries that came back leased; or recognised as a duplicate, or as a conflict, of an earlier message. */
export type AppendResult =
  | { readonly kind: 'stored'; readonly leased: readonly LeasedDelivery[] }
  | {
      readonly kind: 'duplicate';
      readonly messageId: string;
      readonly deliveries: readonly { id: string; endpointId: string }[];
    }
  | { readonly kind: 'conflict'; readonly messageId: string };

/** What `claimFanOut` takes. */
export interface ClaimFanOutParams {
  readonly limit: number;
  readonly leaseMs: number;
  /** Token of all that this call leases. A fresh one for each call, also when a call is repeated. */
  readonly lease: string;
}

/** A message that this process may match now, and the token that proves it. */
export interface FanOutClaim {
  readonly message: Message;
  readonly lease: string;
}

/** What `claimFanOut` found. */
export interface ClaimFanOutResult {
  readonly claims: readonly FanOutClaim[];
  /** Another call has the turn: there may be something to be claimed soon. */
  readonly busy: boolean;
}

/** What `completeFanOut` takes: claimed messages with the deliveries they became. */
export interface CompleteFanOutParams {
  readonly results: readonly {
    readonly messageId: string;
    /** `undefined`: the message is fanned out already. */
    readonly lease: string | undefined;
    readonly deliveries: readonly NewDelivery[];
  }[];
  /** Token of the call of `claimFanOut` whose turn ends with this. Default: none ends. */
  readonly turn?: string | undefined;
}

/** What came of one result of `completeFanOut`. */
export interface CompleteFanOutResult {
  /** Ids of the deliveries that were stored; the others existed, or their message was skipped. */
  readonly stored: readonly string[];
}
