/** A small client of the management API, whose types come from the schemas that the API checks by. */
import { OptionsError } from '../errors.ts';
import { createCaller, expectHeaderText, type Sent, type WebhookClientOptions } from './client-call.ts';
import type {
  DeliveriesQuery,
  DeliveryDetailResource,
  DeliveryResource,
  ReplayInput,
  ReplayResultResource,
  RetryFailedInput,
  TestResultResource,
  WebhookDeliveriesQuery,
} from './schema/delivery.ts';
import type {
  EventTypeResource,
  ExplainInput,
  ExplanationResource,
  HealthResource,
  StatsQuery,
  StatsResource,
} from './schema/insight.ts';
import type {
  MessageDetailResource,
  MessageInput,
  MessageResource,
  MessagesQuery,
  ReceiptResource,
} from './schema/message.ts';
import type {
  CreatedWebhookResource,
  RemovedWebhookResource,
  RotatedSecretResource,
  RotationInput,
  WebhookInput,
  WebhookPatch,
  WebhookResource,
} from './schema/webhook.ts';

/** A page of a list. */
export interface ClientPage<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next page; undefined on the last. */
  readonly nextCursor: string | undefined;
}

/** Which page of a list. */
export interface ClientPageRequest {
  /** `nextCursor` of the page before. Default: the first page. */
  readonly cursor?: string | undefined;
  /** Most items of a page; 1 to 100. Default 50. */
  readonly limit?: number | undefined;
}

/** Options of a change. */
export interface ChangeOptions {
  /** The `revision` that the change is based on: refused with `revision_mismatch` when it is another one by now. Default: whatever it is. */
  readonly revision?: number | undefined;
}

/** Calls about webhooks. */
export interface WebhookCalls {
  /** In order of creation. */
  list(request?: ClientPageRequest): Promise<ClientPage<WebhookResource>>;
  /** The answer has the secret that was generated, which no later one has. */
  create(input: WebhookInput): Promise<CreatedWebhookResource>;
  get(id: string): Promise<WebhookResource>;
  /** Replaces all but the id, and but the secret when it is left out. */
  replace(id: string, input: WebhookInput, options?: ChangeOptions): Promise<WebhookResource>;
  /** Changes some members; `null` removes one, objects are merged. */
  update(id: string, patch: WebhookPatch, options?: ChangeOptions): Promise<WebhookResource>;
  /** Removes it for good; what waits for it is discarded. */
  remove(id: string): Promise<RemovedWebhookResource>;
  /** Sends a test message now, and tells what came of it. */
  test(id: string): Promise<TestResultResource>;
  /** Its deliveries in numbers. */
  stats(id: string, query?: StatsQuery): Promise<StatsResource>;
  /** Its deliveries, newest first. */
  deliveries(id: string, query?: WebhookDeliveriesQuery): Promise<ClientPage<DeliveryResource>>;
  /** Gives it a new secret, which only this answer has. */
  rotateSecret(id: string, input?: RotationInput): Promise<RotatedSecretResource>;
  /** Holds its deliveries. */
  pause(id: string): Promise<WebhookResource>;
  /** Sends what was held. */
  resume(id: string): Promise<WebhookResource>;
}

/** Calls about deliveries. */
export interface DeliveryCalls {
  /** Newest first. */
  list(query?: DeliveriesQuery): Promise<ClientPage<DeliveryResource>>;
  /** A delivery with its attempts. */
  get(id: string): Promise<DeliveryDetailResource>;
  /** Tries it again: due now, with a fresh run of its retries. */
  retry(id: string): Promise<DeliveryResource>;
  /** Calls it off. */
  cancel(id: string): Promise<DeliveryResource>;
}

/** Calls about messages. */
export interface MessageCalls {
  /** Newest first, without their data. */
  list(query?: MessagesQuery): Promise<ClientPage<MessageResource>>;
  /** A message with its data. */
  get(id: string): Promise<MessageDetailResource>;
  /** Emits an event. With an `idempotencyKey` a repetition stores nothing. */
  create(input: MessageInput, options?: { idempotencyKey?: string }): Promise<ReceiptResource>;
}

/** Calls about all deliveries at once. */
export interface QueueCalls {
  /** All deliveries in numbers. */
  stats(query?: StatsQuery): Promise<StatsResource>;
  /** Tries all deliveries again that were given up: of everything, of one webhook, or of a time. */
  retryFailed(input?: RetryFailedInput): Promise<ReplayResultResource>;
  /** Sends stored messages again, those that were delivered included unless `states` says otherwise. */
  replay(input?: ReplayInput): Promise<ReplayResultResource>;
}

/**
 * A client of the management API. Every call rejects with a `WebhookApiError` when the API refuses it or does not answer, and throws an
 * `OptionsError` for an id that is empty.
 */
export interface WebhookClient {
  /** Where messages go. */
  readonly webhooks: WebhookCalls;
  /** What became of messages, webhook by webhook. */
  readonly deliveries: DeliveryCalls;
  /** Events that were emitted. */
  readonly messages: MessageCalls;
  /** All deliveries at once. */
  readonly queue: QueueCalls;
  /** The event types of the catalog. */
  eventTypes(): Promise<readonly EventTypeResource[]>;
  /** Who would get a message, and why the others would not. */
  explain(input: ExplainInput): Promise<ClientPage<ExplanationResource>>;
  /** How the dispatcher is doing. */
  health(): Promise<HealthResource>;
}

/**
 * A client of an API that `createWebhookApi` made, in its built-in shape. Reading is tried again twice when it fails for the
 * moment; what changes something is not.
 *
 * @throws OptionsError for wrong options
 */
export function createWebhookClient(options: WebhookClientOptions): WebhookClient {
  const call = createCaller(options);
  const one = async <Result>(method: string, path: string, sent?: Sent): Promise<Result> =>
    (await call(method, path, sent)).data as Result;
  const page = async <Item>(method: string, path: string, sent?: Sent): Promise<ClientPage<Item>> => {
    const { data, next_cursor: nextCursor } = await call(method, path, sent, Array.isArray);
    return { items: data as readonly Item[], nextCursor };
  };
  return {
    webhooks: {
      list: (query) => page('get', '', { query }),
      create: (body) => one('post', '', { body }),
      get: (id) => one('get', atWebhook(id)),
      replace: (id, body, change) => one('put', atWebhook(id), { body, headers: ifMatch(change) }),
      update: (id, body, change) => one('patch', atWebhook(id), { body, headers: ifMatch(change) }),
      remove: (id) => one('delete', atWebhook(id)),
      test: (id) => one('post', `${atWebhook(id)}/test`),
      stats: (id, query) => one('get', `${atWebhook(id)}/stats`, { query }),
      deliveries: (id, query) => page('get', `${atWebhook(id)}/deliveries`, { query }),
      rotateSecret: (id, body) => one('post', `${atWebhook(id)}/rotate-secret`, { body }),
      pause: (id) => one('post', `${atWebhook(id)}/pause`),
      resume: (id) => one('post', `${atWebhook(id)}/resume`),
    },
    deliveries: {
      list: (query) => page('get', '/deliveries', { query }),
      get: (id) => one('get', `/deliveries${at(id)}`),
      retry: (id) => one('post', `/deliveries${at(id)}/retry`),
      cancel: (id) => one('post', `/deliveries${at(id)}/cancel`),
    },
    messages: {
      list: (query) => page('get', '/messages', { query }),
      get: (id) => one('get', `/messages${at(id)}`),
      create: (body, { idempotencyKey } = {}) =>
        one('post', '/messages', {
          body,
          headers:
            idempotencyKey === undefined
              ? {}
              : { 'idempotency-key': expectHeaderText(idempotencyKey, 'idempotencyKey') },
        }),
    },
    queue: {
      stats: (query) => one('get', '/queue/stats', { query }),
      retryFailed: (body) => one('post', '/queue/retry-failed', { body }),
      replay: (body) => one('post', '/queue/replay', { body }),
    },
    eventTypes: () => one('get', '/event-types'),
    explain: (body) => page('post', '/explain', { body }),
    health: () => one('get', '/health'),
  };
}

/** Words of the API in the place of the id of a webhook, which lead to what is none. */
const WORDS = ['deliveries', 'messages', 'queue', 'event-types', 'explain', 'health', 'openapi.json'];

function at(id: string): string {
  // The dots would lead out of the path, however they are written.
  if (typeof id === 'string' && id !== '' && id !== '.' && id !== '..') return `/${encodeURIComponent(id)}`;
  throw noId();
}

function atWebhook(id: string): string {
  if (WORDS.includes(id)) throw noId();
  return at(id);
}

function noId(): OptionsError {
  return new OptionsError('id', 'id: expected the id of a webhook, delivery or message.');
}

function ifMatch({ revision }: ChangeOptions = {}): Record<string, string> {
  return revision === undefined ? {} : { 'if-match': `"${revision}"` };
}
