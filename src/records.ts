/** `dispatcher.messages` and `dispatcher.deliveries`: the record of everything that was emitted. */
import { z } from 'zod';
import { DELIVERY_STATES, type Delivery, type DeliveryState } from './core/delivery.ts';
import { expectId } from './core/expect-value.ts';
import type { JsonValue } from './core/json.ts';
import type { DeliveryAdmin, DeliveryWithAttempts } from './engine/delivery-admin.ts';
import type { Page, StoredMessage } from './store/store.ts';
import {
  DEFAULT_PAGE_LIMIT,
  pageShape,
  type PageRequest,
  parseListRequest,
  rangeShape,
  soughtName,
} from './page-request.ts';

/** A message as callers see it, with its data parsed. */
export interface MessageRecord extends StoredMessage {
  readonly data: JsonValue;
}

interface TimeRange {
  /** Only those created at or after; Date or epoch ms. */
  since?: Date | number | undefined;
  /** Only those created before; Date or epoch ms. */
  until?: Date | number | undefined;
}

/** Which messages `messages.list` gives. Members left out do not restrict. */
export interface ListMessagesRequest extends PageRequest, TimeRange {
  tenant?: string | undefined;
  /** Only these event types; no patterns. */
  types?: readonly string[] | undefined;
}

/** Which deliveries `deliveries.list` gives. Members left out do not restrict. */
export interface ListDeliveriesRequest extends PageRequest, TimeRange {
  tenant?: string | undefined;
  endpointId?: string | undefined;
  messageId?: string | undefined;
  /** Only these event types; no patterns. */
  types?: readonly string[] | undefined;
  states?: readonly DeliveryState[] | undefined;
}

/** `dispatcher.messages`: what was emitted. */
export interface Messages {
  /** @throws NotFoundError */
  get(id: string): Promise<MessageRecord>;
  /** Newest first. */
  list(request?: ListMessagesRequest): Promise<Page<MessageRecord>>;
}

/** `dispatcher.deliveries`: what became of it, endpoint by endpoint. */
export interface Deliveries {
  /** A delivery with its attempt log. @throws NotFoundError */
  get(id: string): Promise<DeliveryWithAttempts>;
  /** Newest first. */
  list(request?: ListDeliveriesRequest): Promise<Page<Delivery>>;
  /**
   * Tries it again: due now, with a fresh run of the retry policy; attempt numbers go on. Works in every state but
   * `sending`, where it changes nothing.
   *
   * @throws NotFoundError
   */
  retry(id: string): Promise<Delivery>;
  /**
   * Calls it off: `discarded` with the reason `cancelled`. While an attempt runs, that attempt is recorded and is the
   * last. A final delivery stays as it is.
   *
   * @throws NotFoundError
   */
  cancel(id: string): Promise<Delivery>;
}

const text = soughtName.optional();
const common = {
  ...pageShape,
  tenant: text,
  types: z.array(soughtName).max(1000).optional(),
  ...rangeShape,
} as const;
const messagesSchema = z.strictObject(common);
const deliveriesSchema = z.strictObject({
  ...common,
  endpointId: text,
  messageId: text,
  states: z.array(z.enum(DELIVERY_STATES)).optional(),
});

export function createMessages(admin: () => Promise<DeliveryAdmin>): Messages {
  return new MessageReader(admin);
}

class MessageReader implements Messages {
  readonly #admin: () => Promise<DeliveryAdmin>;

  constructor(admin: () => Promise<DeliveryAdmin>) {
    this.#admin = admin;
  }

  async get(id: string): Promise<MessageRecord> {
    expectId(id, 'message');
    return toMessageRecord(await (await this.#admin()).message(id));
  }

  async list(request: ListMessagesRequest = {}): Promise<Page<MessageRecord>> {
    const { cursor, limit, ...where } = parseListRequest(messagesSchema, request);
    const page = await (await this.#admin()).messages({ where, cursor, limit: limit ?? DEFAULT_PAGE_LIMIT });
    return { items: page.items.map(toMessageRecord), nextCursor: page.nextCursor };
  }
}

export function createDeliveries(admin: () => Promise<DeliveryAdmin>): Deliveries {
  return new DeliveryReader(admin);
}

class DeliveryReader implements Deliveries {
  readonly #admin: () => Promise<DeliveryAdmin>;

  constructor(admin: () => Promise<DeliveryAdmin>) {
    this.#admin = admin;
  }

  async get(id: string): Promise<DeliveryWithAttempts> {
    expectId(id, 'delivery');
    return (await this.#admin()).delivery(id);
  }

  async list(request: ListDeliveriesRequest = {}): Promise<Page<Delivery>> {
    const { cursor, limit, ...where } = parseListRequest(deliveriesSchema, request);
    return (await this.#admin()).deliveries({ where, cursor, limit: limit ?? DEFAULT_PAGE_LIMIT });
  }

  async retry(id: string): Promise<Delivery> {
    expectId(id, 'delivery');
    return (await this.#admin()).retry(id);
  }

  async cancel(id: string): Promise<Delivery> {
    expectId(id, 'delivery');
    return (await this.#admin()).cancel(id);
  }
}

function toMessageRecord(message: StoredMessage): MessageRecord {
  return { ...message, data: JSON.parse(message.dataJson) as JsonValue };
}
