/**
 * A management REST API for the webhooks of a dispatcher, and a client for it.
 *
 * @module
 */
export { createWebhookApi, type WebhookApi } from './webhook-api.ts';
export {
  createWebhookClient,
  type ChangeOptions,
  type ClientPage,
  type ClientPageRequest,
  type DeliveryCalls,
  type MessageCalls,
  type QueueCalls,
  type WebhookCalls,
  type WebhookClient,
} from './webhook-client.ts';
export type { WebhookClientOptions } from './client-call.ts';
export { WebhookApiError } from '../errors.ts';
export type { ApiRateLimits, WebhookApiOptions } from './api-options.ts';
export type { ApiErrorCode } from './api-error.ts';
export type { OpenApiDocument } from './openapi-document.ts';
export { bearerKeys, type ApiKey, type FindKey } from './bearer-keys.ts';
export type { Authorize, Principal, Scope } from './principal.ts';
export { toNodeHandler, type NodeHandler } from './node-handler.ts';
export type { FilterField, FilterFields } from './filter-fields.ts';
export type {
  AcceptContext,
  AcceptWebhook,
  ApiResources,
  PresentResource,
  ResourceKind,
} from './contract.ts';
export type {
  CreatedWebhookResource,
  RemovedWebhookResource,
  RetryConfig,
  RotatedSecretResource,
  RotationInput,
  WebhookInput,
  WebhookPatch,
  WebhookResource,
} from './schema/webhook.ts';
export type {
  DeliveriesQuery,
  DeliveryDetailResource,
  DeliveryResource,
  ReplayInput,
  ReplayResultResource,
  RetryFailedInput,
  TestResultResource,
  WebhookDeliveriesQuery,
} from './schema/delivery.ts';
export type {
  MessageDetailResource,
  MessageInput,
  MessageResource,
  MessagesQuery,
  ReceiptResource,
} from './schema/message.ts';
export type {
  EventTypeResource,
  ExplainInput,
  ExplanationResource,
  HealthResource,
  StatsQuery,
  StatsResource,
} from './schema/insight.ts';
