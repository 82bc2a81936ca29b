/**
 * The receiver kit: verifies the webhooks that Posthorn sends, and those of others by the same schemes, and unwraps them.
 * On Web Crypto alone, so it also runs on Deno, Bun and edge runtimes; it loads no package and nothing of Node.js.
 *
 * @module
 */
export type { RawBody } from './body-bytes.ts';
export type { ReceivedEnvelope } from './envelopes.ts';
export { createFastifyPlugin, type FastifyPluginOptions, type FastifyScope } from './fastify-plugin.ts';
export type { DeduplicateOptions, WebhookHandlerOptions } from './handler-options.ts';
export { memorySeenStore, type MemorySeenStoreOptions } from './memory-seen-store.ts';
export type { MessageOf, WebhookMessage } from './message.ts';
export type { NodeStream } from './node-body.ts';
export {
  createNodeHandler,
  type NodeRequest,
  type NodeResponse,
  type NodeWebhookHandler,
} from './node-handler.ts';
export { type Refusal, REFUSAL_REASONS, type RefusalReason } from './refusal.ts';
export type { WebhookHeaders } from './request-headers.ts';
export type { SeenState, SeenStore } from './seen-store.ts';
export type { ReceivedScheme, VerifyWebhookOptions } from './verify-options.ts';
export {
  createWebhookVerifier,
  verifyWebhook,
  type WebhookVerification,
  type WebhookVerifier,
} from './verify-webhook.ts';
export {
  createHonoHandler,
  createWebHandler,
  type HonoContext,
  type WebWebhookHandler,
} from './web-handler.ts';
export type { SignatureOptions } from '../core/signature.ts';
