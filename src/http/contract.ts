/** The shape of what goes in and out: the built-in one, and what an application makes of it. */
import type { EndpointInput, EndpointUpdate } from '../core/endpoint-input.ts';
import type { Endpoint } from '../endpoints.ts';
import type { FilterFields } from './filter-fields.ts';
import { readWebhook, readWebhookPatch } from './read-webhook.ts';
import { toWebhook } from './resource/webhook-resource.ts';
import type {
  DeliveryDetailResource,
  DeliveryResource,
  ReplayResultResource,
  TestResultResource,
} from './schema/delivery.ts';
import type {
  EventTypeResource,
  ExplanationResource,
  HealthResource,
  StatsResource,
} from './schema/insight.ts';
import type { MessageDetailResource, MessageResource, ReceiptResource } from './schema/message.ts';
import type {
  CreatedWebhookResource,
  RemovedWebhookResource,
  RotatedSecretResource,
  WebhookResource,
} from './schema/webhook.ts';

/** What answers are about, by kind. */
export interface ApiResources {
  webhook: WebhookResource;
  created_webhook: CreatedWebhookResource;
  removed_webhook: RemovedWebhookResource;
  rotated_secret: RotatedSecretResource;
  test_result: TestResultResource;
  delivery: DeliveryResource;
  delivery_detail: DeliveryDetailResource;
  replay_result: ReplayResultResource;
  message: MessageResource;
  message_detail: MessageDetailResource;
  receipt: ReceiptResource;
  stats: StatsResource;
  event_type: EventTypeResource;
  explanation: ExplanationResource;
  health: HealthResource;
}

/** One kind of answer. */
export type ResourceKind = keyof ApiResources;

/**
 * Reads the body that creates or changes a webhook, in a contract of the application:
 * `({ callback, ...rest }, { read }) => ({ ...read(rest), url: callback })`. Of a `PATCH` only the members that it answers with are
 * changed, `null` removes one; of a `PUT` those that the API knows and it leaves out are removed.
 *
 * @throws OptionsError for a body that is wrong: its `path` and message are the answer
 */
export type AcceptWebhook = (body: Record<string, unknown>, context: AcceptContext) => EndpointUpdate;

/** What `accept` is given beside the body. */
export interface AcceptContext {
  /** `POST` creates a webhook, `PUT` replaces one, `PATCH` changes some members. */
  readonly method: 'POST' | 'PUT' | 'PATCH';
  /** The webhook as it is, in the built-in shape; undefined for a new one. */
  readonly current: WebhookResource | undefined;
  /** Reads a body, or what is left of it, in the built-in shape. */
  readonly read: (body: Record<string, unknown>) => EndpointUpdate;
}

/**
 * What the application makes of an answer: `(resource, kind) => (kind === 'webhook' ? { id: resource.id } : resource)`. It never
 * gets a secret that the caller may not see.
 */
export type PresentResource = (
  ...[resource, kind]: { [Kind in ResourceKind]: [resource: ApiResources[Kind], kind: Kind] }[ResourceKind]
) => unknown;

export interface ContractOptions {
  readonly accept?: AcceptWebhook | undefined;
  readonly present?: PresentResource | undefined;
  readonly filterFields?: FilterFields | undefined;
}

/** Members of an endpoint that a `PUT` removes when it leaves them out: those that the API can set. */
const REPLACED = [
  'name',
  'description',
  'filter',
  'headers',
  'retry',
  'timeoutMs',
  'rateLimit',
  'ordering',
  'metadata',
] as const satisfies readonly (keyof EndpointUpdate)[];

/** A webhook that says nothing of these gets everything, and is active. */
const REPLACED_BY = { events: ['**'], status: 'enabled' } as const;

export class Contract {
  readonly filterFields: FilterFields | undefined;
  readonly #accept: AcceptWebhook;
  readonly #present: PresentResource;

  constructor({ accept, present, filterFields }: ContractOptions) {
    this.filterFields = filterFields;
    this.#accept = accept ?? ((body, { read }) => read(body));
    this.#present = present ?? ((resource, _kind) => resource);
  }

  readNew(body: Record<string, unknown>): EndpointInput {
    const read = (given: Record<string, unknown>): EndpointUpdate =>
      readWebhook(given, { filterFields: this.filterFields, current: undefined });
    const given = this.#accept(body, { method: 'POST', current: undefined, read });
    // Nothing is there that null could remove.
    return Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== null),
    ) as unknown as EndpointInput;
  }

  readReplacement(body: Record<string, unknown>, current: Endpoint): EndpointUpdate {
    const removed = Object.fromEntries(REPLACED.map((key) => [key, null]));
    const given = definedOnly(this.#read('PUT', body, current, readWebhook));
    const { status, ...changes } = { ...removed, ...REPLACED_BY, ...given };
    // One that has to prove itself is active once it has.
    return current.disabledReason === 'unverified' ? changes : { ...changes, status };
  }

  readPatch(body: Record<string, unknown>, current: Endpoint): EndpointUpdate {
    return this.#read('PATCH', body, current, readWebhookPatch);
  }

  show<Kind extends ResourceKind>(kind: Kind, resource: ApiResources[Kind]): unknown {
    return (this.#present as (resource: unknown, kind: ResourceKind) => unknown)(resource, kind);
  }

  #read(
    method: AcceptContext['method'],
    body: Record<string, unknown>,
    endpoint: Endpoint,
    readBuiltIn: typeof readWebhook,
  ): EndpointUpdate {
    const { filterFields } = this;
    const read = (given: Record<string, unknown>): EndpointUpdate =>
      readBuiltIn(given, { filterFields, current: endpoint });
    return this.#accept(body, { method, current: toWebhook(endpoint, filterFields), read });
  }
}

function definedOnly<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
