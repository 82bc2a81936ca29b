/**
 * What a dispatcher tells its host: one object per event, emitted after the write that it reports.
 * A listener that throws or rejects hurts nobody: it is reported by the `error` event and the logger.
 */
import type { DeliveryReason, DiscardReason } from './core/delivery.ts';
import type { DisabledReason } from './core/endpoint.ts';
import type { JsonObject } from './core/json.ts';
import type { OperationalEventType } from './core/operational-event.ts';
import type { AttemptOutcome, OutcomeReason } from './core/outcome.ts';
import type { WhilePaused } from './core/switch-state.ts';
import type { VerificationKind, VerificationReason } from './core/verification-state.ts';
import type { PosthornError } from './errors.ts';

export type { Logger } from './logger.ts';

/** The message an event is about. `Type`: the event types that are emitted, where they are known. */
export interface MessageRef<Type extends string = string> {
  readonly id: string;
  /** The event type; `'posthorn.test'` for the message of `endpoints.test`, and those of operational webhooks. */
  readonly type: Type | OperationalEventType | 'posthorn.test';
  readonly tenant: string;
  readonly metadata: JsonObject | undefined;
}

/** The endpoint an event is about. The URL has no credentials, query or long path tail: it is safe to log. */
export interface EndpointRef {
  readonly id: string;
  readonly url: string;
  /** Its name for people, when it has one. */
  readonly name: string | undefined;
}

/** Payload of `message.accepted`. */
export interface MessageAcceptedEvent<Type extends string = string> {
  /** When, epoch ms by the dispatcher's clock. */
  readonly at: number;
  readonly message: MessageRef<Type>;
  /** How many deliveries it became; 0 when nobody asked for it, or when it is matched later. */
  readonly deliveries: number;
}

/** Common to all events about one delivery. */
export interface DeliveryEventBase<Type extends string = string> {
  /** When, epoch ms by the dispatcher's clock. */
  readonly at: number;
  readonly deliveryId: string;
  readonly message: MessageRef<Type>;
  readonly endpoint: EndpointRef;
  /** Number of the attempt, 1 for the first; goes on counting after a retry or a replay. */
  readonly attempt: number;
  /** The same within the current run of the retry policy: 1 again for the first after a retry or a replay. */
  readonly attemptInRun: number;
  /** Attempts the retry policy allows in one run, the first included: what `attemptInRun` counts up to; `Infinity` when a named function decides alone. */
  readonly maxAttempts: number;
  /** `dispatcher_failed`: the fault of the dispatcher itself, so the attempt does not count, and the next one has the same number. */
  readonly outcome: AttemptOutcome;
  /** HTTP status, when a response arrived. */
  readonly status: number | undefined;
  /** How long the attempt took. */
  readonly durationMs: number;
  /** The message is that of `endpoints.test`. */
  readonly test: boolean;
}

/** Payload of `delivery.succeeded`. */
export interface DeliverySucceededEvent<Type extends string = string> extends DeliveryEventBase<Type> {
  readonly outcome: 'delivered';
  readonly final: true;
}

/** Payload of `delivery.retrying`. */
export interface DeliveryRetryingEvent<Type extends string = string> extends DeliveryEventBase<Type> {
  readonly final: false;
  /** Whose fault it was: that of the endpoint; or that of the dispatcher itself, so that the attempt does not count, and the next one has the same number. */
  readonly outcome: 'endpoint_failed' | 'dispatcher_failed';
  readonly reason: OutcomeReason;
  /** One line for a person. */
  readonly detail: string;
  /** Time until the next attempt. */
  readonly delayMs: number;
}

/** Payload of `delivery.exhausted`. */
export interface DeliveryExhaustedEvent<Type extends string = string> extends DeliveryEventBase<Type> {
  readonly outcome: 'endpoint_failed';
  readonly final: true;
  readonly reason: OutcomeReason;
  readonly detail: string;
}

/** Payload of `delivery.failed`. */
export interface DeliveryFailedEvent<Type extends string = string> {
  readonly at: number;
  readonly deliveryId: string;
  readonly message: Pick<MessageRef<Type>, 'id' | 'type' | 'tenant'>;
  readonly endpoint: EndpointRef;
  readonly final: true;
  /** What the dispatcher could not do, or `crash_loop`. */
  readonly reason: DeliveryReason;
  readonly detail: string;
}

/** Payload of `delivery.discarded`. */
export interface DeliveryDiscardedEvent<Type extends string = string> {
  readonly at: number;
  readonly deliveryId: string;
  readonly message: Pick<MessageRef<Type>, 'id' | 'type' | 'tenant'>;
  readonly endpoint: EndpointRef;
  readonly final: true;
  readonly reason: DiscardReason;
  /** One line for a person. */
  readonly detail: string;
}

/** Payload of the other `endpoint.…` events. */
export interface EndpointEvent {
  readonly at: number;
  readonly endpoint: EndpointRef;
  readonly tenant: string;
}

/** Payload of `endpoint.blocked`. */
export interface EndpointBlockedEvent extends EndpointEvent {
  /** It asked for a pause by Retry-After, or too many attempts failed. */
  readonly reason: 'retry_after' | 'breaker';
  /** Time until something is sent again. */
  readonly forMs: number;
  /** One line for a person. */
  readonly detail: string;
}

/** Payload of `endpoint.failing`. */
export interface EndpointFailingEvent extends EndpointEvent {
  /** Start of the first attempt that failed, epoch ms by the clock of the store. */
  readonly failingSince: number;
  /** How many failed since then. */
  readonly consecutiveFailures: number;
}

/** Payload of `endpoint.disabled`. */
export interface EndpointDisabledEvent extends EndpointEvent {
  readonly reason: DisabledReason;
  /** One line for a person: what it answered, or since when nothing but failures came. */
  readonly detail: string;
}

/** Payload of `endpoint.verified`. */
export interface EndpointVerifiedEvent extends EndpointEvent {
  /** How it proved itself. */
  readonly verification: VerificationKind;
}

/** Payload of `endpoint.verification_failed`. */
export interface EndpointVerificationFailedEvent extends EndpointVerifiedEvent {
  readonly reason: VerificationReason;
  /** One line for a person. */
  readonly detail: string;
  /** HTTP status, when a response arrived. */
  readonly status: number | undefined;
  /** No further check is made until somebody calls `endpoints.verify`. */
  readonly final: boolean;
  /** When the next check is made, epoch ms; undefined when it is final. */
  readonly nextCheckAt: number | undefined;
}

/** Payload of `dispatcher.paused`. */
export interface DispatcherPausedEvent {
  readonly at: number;
  /** What becomes of messages emitted meanwhile. */
  readonly whilePaused: WhilePaused;
}

/** Payload of `dispatcher.resumed`. */
export interface DispatcherResumedEvent {
  readonly at: number;
}

/** Payload of `alert.raised` and `alert.cleared`. */
export interface AlertEvent {
  /** When, epoch ms by the dispatcher's clock. */
  readonly at: number;
  readonly alert: 'success_rate' | 'backlog';
  /** What was found: a share (0 to 1), or a number of deliveries. */
  readonly value: number;
  /** What the option `alerts` says. */
  readonly threshold: number;
  /** One line for a person. */
  readonly detail: string;
}

/** What a replay did, or is to do. */
export interface ReplayCounts {
  /** Messages of which at least one delivery was retried or created. */
  readonly messages: number;
  /** Deliveries that are due again. */
  readonly retried: number;
  /** Deliveries that were missing. */
  readonly created: number;
  /** Deliveries left out: their endpoint is disabled or removed, or its filter cannot be judged in this process. */
  readonly skipped: number;
}

/** Payload of `replay.started`. */
export interface ReplayStartedEvent {
  /** When, epoch ms by the dispatcher's clock. */
  readonly at: number;
  /** Nothing that was created or ended after this instant is touched, epoch ms by the clock of the store. */
  readonly asOf: number;
  /** The only endpoint that is served, if it was asked for one. */
  readonly endpointId: string | undefined;
  /** The only tenant that is served, if it was asked for one. */
  readonly tenant: string | undefined;
  /** What there is to do, as counted before. */
  readonly total: ReplayCounts;
}

/** Payload of `replay.progress`. */
export interface ReplayProgressEvent extends ReplayStartedEvent {
  /** What is done so far. */
  readonly done: ReplayCounts;
}

/** Payload of `replay.finished`. */
export interface ReplayFinishedEvent extends ReplayProgressEvent {
  /** False when it was stopped, called off, or the store failed; repeat it with the same `asOf` to go on. */
  readonly complete: boolean;
  /** Why it is not complete, in one line. */
  readonly detail: string | undefined;
}

/** Payload of `error`. */
export interface DispatcherErrorEvent {
  readonly at: number;
  /** Its `code` says what happened; nothing that was accepted is lost by it. */
  readonly error: PosthornError;
}

/** Events of a dispatcher and their payloads. */
export interface LifecycleEvents<Type extends string = string> {
  /** A message is stored, as durably as the store promises. */
  'message.accepted': MessageAcceptedEvent<Type>;
  /** A success response arrived. Final. */
  'delivery.succeeded': DeliverySucceededEvent<Type>;
  /** An attempt failed and another one is planned. */
  'delivery.retrying': DeliveryRetryingEvent<Type>;
  /** An attempt failed and the retry policy is spent. Final, until somebody retries it. */
  'delivery.exhausted': DeliveryExhaustedEvent<Type>;
  /** A delivery is deliberately not sent (further). Final, until somebody retries it. */
  'delivery.discarded': DeliveryDiscardedEvent<Type>;
  /** The dispatcher itself could not do its part; the endpoint is not to blame. Final, until somebody retries it. */
  'delivery.failed': DeliveryFailedEvent<Type>;
  /** Somebody registered it; it is stored. */
  'endpoint.created': EndpointEvent;
  /** Somebody changed its settings by this dispatcher, its `status: 'enabled'` included; a change that disables it as well is followed by `endpoint.disabled`. What Posthorn itself notes of it is told by events of its own. */
  'endpoint.updated': EndpointEvent;
  /** Its waiting deliveries are discarded. */
  'endpoint.removed': EndpointEvent;
  /** Somebody paused it: what is for it waits, for as long as it takes. Not told again while it is paused. */
  'endpoint.paused': EndpointEvent;
  /** Somebody called `endpoints.resume`: its pause is over, and so are a block by Retry-After or its breaker. */
  'endpoint.resumed': EndpointEvent;
  /** Nothing is sent to it for a while, and what is for it waits: its breaker has opened, or it asked for a pause. Told by the process that noticed; two may notice at once. Not told again while the breaker stays open, whatever its probes come to. */
  'endpoint.blocked': EndpointBlockedEvent;
  /** Its breaker has closed: a probe got through. */
  'endpoint.unblocked': EndpointEvent;
  /** Nothing but failures came from it for `autoDisable.failingAfterMs`. Told once, by one process. */
  'endpoint.failing': EndpointFailingEvent;
  /** Something was delivered to it after `endpoint.failing`. Told once, by one process. */
  'endpoint.recovered': EndpointEvent;
  /** It has proved itself as its `verification` asks, and gets messages from now on, unless somebody disabled it. Told by the process that checked it. */
  'endpoint.verified': EndpointVerifiedEvent;
  /** A check did not verify it. Told by the process that made it; not told of an endpoint that is verified already. */
  'endpoint.verification_failed': EndpointVerificationFailedEvent;
  /** It answered 410, somebody disabled it, nothing but failures came for `autoDisable.afterMs`, or its `verification` is no longer that of its URL. */
  'endpoint.disabled': EndpointDisabledEvent;
  /** Nothing is sent any more: somebody called `pause`, here or in a process that shares the store; or it was so at the start. */
  'dispatcher.paused': DispatcherPausedEvent;
  /** Sending goes on. */
  'dispatcher.resumed': DispatcherResumedEvent;
  /** A number has left what the option `alerts` calls normal. Looked at once a minute. */
  'alert.raised': AlertEvent;
  /** It is back, as the attempts or the backlog of now say; without enough attempts to judge by, an alert on the success rate stays. */
  'alert.cleared': AlertEvent;
  /** A replay has counted what there is to do, and begins. */
  'replay.started': ReplayStartedEvent;
  /** A replay has done one more batch. */
  'replay.progress': ReplayProgressEvent;
  /** A replay has come to its end, or was ended. */
  'replay.finished': ReplayFinishedEvent;
  /** Trouble: store, listener, overflowing source, an endpoint that cannot be served, requests that the dispatcher cannot make; and every `emit` that was refused, awaited or not. */
  error: DispatcherErrorEvent;
}

/** Name of a lifecycle event. */
export type LifecycleEventName = keyof LifecycleEvents;
/** Listens to a lifecycle event. May be asynchronous; what it throws or rejects with is reported by the `error` event. */
export type LifecycleListener<Name extends LifecycleEventName, Type extends string = string> = (
  event: LifecycleEvents<Type>[Name],
) => void | Promise<void>;
