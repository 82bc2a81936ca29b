/**
 * Posthorn: webhooks sent from inside your application.
 *
 * @module
 */
export { WebhookDispatcher } from './dispatcher.ts';
export type { PauseOptions, StopOptions } from './pause-and-stop.ts';
export { TEST_EVENT_TYPE, type TestMessage, type TestMessageFunction } from './engine/test-message.ts';
export type { DispatcherOptions, NetworkOptions } from './options.ts';
export type {
  CreatedEndpoint,
  Endpoint,
  Endpoints,
  EndpointTestResult,
  EndpointVerification,
  ListEndpointsRequest,
  RotatedSecret,
  UpdateOptions,
} from './endpoints.ts';
export type {
  Deliveries,
  ListDeliveriesRequest,
  ListMessagesRequest,
  MessageRecord,
  Messages,
} from './records.ts';
export type { RotateSecretOptions } from './secret-rotation.ts';
export type {
  AdaptedEvent,
  AttachOptions,
  EmitterSource,
  EmitterySource,
  EventAdapter,
  EventSource,
  EventTargetSource,
  MappedEvent,
  SubscribeOptions,
  SubscribeSource,
} from './sources.ts';
export type { EmitOptions } from './engine/emit-options.ts';
export type { TraceContextHook } from './engine/message-factory.ts';
export type { RecipientInput } from './engine/recipients.ts';
export type { Receipt } from './engine/inbox.ts';
export type {
  OutboxBatch,
  OutboxOptions,
  OutboxReceipt,
  SyncTransactionOptions,
  TransactionOptions,
} from './outbox.ts';
export type { DeliveryWithAttempts } from './engine/delivery-admin.ts';
export type { Health } from './health.ts';
export type { EndpointExplanation, ExplainOptions } from './explain.ts';
export type { ReplayRequest } from './replay.ts';
export type { ReplayResult } from './engine/replayer.ts';
export type { Stats, StatsBucket, StatsRequest } from './stats.ts';
export type * from './lifecycle-events.ts';
export type { PageRequest } from './page-request.ts';

export { systemClock, createSystemRandom, type Clock, type Random, type Timer } from './clock.ts';
export {
  ConflictError,
  LimitError,
  type ErrorCode,
  FunctionError,
  SendError,
  isPosthornError,
  ListenerError,
  NotFoundError,
  OptionsError,
  PayloadError,
  PosthornError,
  SourceOverflowError,
  StoppedError,
  StoreError,
} from './errors.ts';

export { DELIVERY_STATES, FINAL_STATES } from './core/delivery.ts';
export type {
  Attempt,
  Delivery,
  DeliveryReason,
  DeliveryState,
  DiscardReason,
  FinalState,
} from './core/delivery.ts';
export type { StoredResponse } from './core/stored-response.ts';
export type { AddressPolicy, AddressVerdict } from './core/address-policy.ts';
export type { ForwardProxy } from './core/forward-proxy.ts';
export { transition } from './core/transition.ts';
export type {
  DeliveryEvent,
  DeliverySnapshot,
  RetryVerdict,
  Transition,
  TransitionLimits,
} from './core/transition.ts';
export type {
  DeliverySettings,
  EndpointRecord,
  EnvelopeOptions,
  EnvelopeSetting,
  RateLimit,
  Secret,
} from './core/endpoint.ts';
export type { AlertOptions } from './core/alerts.ts';
export type { AutoDisableOptions } from './core/auto-disable.ts';
export type { BreakerOptions } from './core/breaker.ts';
export type { Destination } from './core/destination.ts';
export type { EndpointInput, EndpointUpdate } from './core/endpoint-input.ts';
export { defineEvents } from './core/event-catalog.ts';
export type {
  DefinedEvents,
  EventCatalog,
  EventDefinition,
  EventDefinitions,
  InferEvents,
  EventsOption,
  TypedEvents,
  UntypedEvents,
} from './core/event-catalog.ts';
export type { EventPattern } from './core/event-pattern.ts';
export type {
  OperationalEventName,
  OperationalEventType,
  OperationalPattern,
} from './core/operational-event.ts';
export type { EventTypeDescription } from './core/event-type-description.ts';
export { renderEventCatalog, type RenderOptions } from './core/render-event-catalog.ts';
export type { SchemaIssue, SchemaResult, StandardSchema } from './core/standard-schema.ts';
export type { EndpointView, SecretView } from './core/endpoint-view.ts';
export type { BuiltBody } from './core/envelope.ts';
export type { IdPrefixes } from './core/id.ts';
export type { FilterClause } from './core/explain-filter.ts';
export type { MatchVerdict } from './core/explain-match.ts';
export type { SchemeSecrets, SwitchAt } from './core/rotate-secrets.ts';
export type { FilterExpression } from './core/filter.ts';
export type * from './core/functions.ts';
export type { JsonObject, JsonValue } from './core/json.ts';
export { LATENCY_BOUNDS_MS, latencyBucket, type LatencyCounts, type LatencySummary } from './core/latency.ts';
export type { Message } from './core/message.ts';
export type {
  VerificationFailure,
  VerificationKind,
  VerificationReason,
  VerificationState,
} from './core/verification-state.ts';
export type { WhilePaused } from './core/switch-state.ts';
export type { TraceContext } from './core/trace-context.ts';
export type {
  AttemptOutcome,
  DispatcherReason,
  EndpointReason,
  Outcome,
  OutcomeReason,
} from './core/outcome.ts';
export {
  describeSchedule,
  RETRY_PRESETS,
  type RetryPolicy,
  type RetrySchedule,
} from './core/retry-policy.ts';
export type { RetryAfterPolicy, RetryRule, SuccessRule } from './core/retry-rules.ts';
export type { SignatureOptions, SignatureSetting } from './core/signature.ts';

export { memoryStore, type MemoryStoreOptions } from './store/memory/memory-store.ts';
export type * from './store/store.ts';
export { undiciTransport, type UndiciTransportOptions } from './transport/undici-transport.ts';
export { kyTransport, type KyTransportOptions } from './transport/ky-transport.ts';
export type * from './transport/transport.ts';
