/** From the arguments of `emit` to a message: everything that can be wrong with them is found here, before anything is stored. */
import { createHash } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import type { Clock, Random } from '../clock.ts';
import { describeValue } from '../core/describe-value.ts';
import type { EndpointView } from '../core/endpoint-view.ts';
import { unknownKey } from '../core/expect-value.ts';
import { createOrderedId, ID_EXPECTED, isId, isName, NAME_EXPECTED } from '../core/id.ts';
import { type JsonObject, serializeJson } from '../core/json.ts';
import { DEFAULT_TENANT, EVENT_TYPE_EXPECTED, isEventType } from '../core/message.ts';
import { checkMetadataSize } from '../core/metadata-size.ts';
import { refuseOwnType } from '../core/operational-event.ts';
import { readTraceContext, type TraceContext } from '../core/trace-context.ts';
import { OptionsError, PayloadError } from '../errors.ts';
import type { NewMessage } from '../store/store.ts';
import { type Recipient, recipientId, type RecipientInput } from './recipients.ts';
import { makeTestMessage, type TestMessageFunction } from './test-message.ts';

/** Options of `emit`. */
export interface EmitOptions {
  /** Whose message it is: only endpoints of this tenant get it. 1 to 256 characters. Default `'default'`. */
  tenant?: string | undefined;
  /** A second emit with the same key and content, within `idempotencyWindowMs`, stores nothing and answers with the first id. 1 to 256 characters. */
  idempotencyKey?: string | undefined;
  /** Endpoints with `ordering: 'key'` get the messages of one key in order. 1 to 256 characters. */
  orderingKey?: string | undefined;
  /** Small JSON object that travels with the message; filters, envelopes and events see it. At most 16 KiB and 64 levels. */
  metadata?: JsonObject | undefined;
  /** When the event happened, as Date or epoch ms. Default: now. */
  timestamp?: Date | number | undefined;
  /** Id of the message, `[A-Za-z0-9_-]{1,256}`; the same on every attempt. Default: one that begins with the time and cannot be guessed. */
  id?: string | undefined;
  /** W3C trace that the event belongs to; sent to receivers and kept with each attempt. Default: what the dispatcher's option `traceContext` says. */
  traceparent?: string | undefined;
  /** W3C vendor data that goes with `traceparent`. */
  tracestate?: string | undefined;
  /**
   * Who gets it, whatever patterns and filters say: the id of an endpoint, an address that is not registered
   * (`{ url: 'https://…' }`), or a list of at least one of these. Default: the endpoints that match.
   */
  to?: RecipientInput | undefined;
}

const EMIT_OPTION_KEYS = [
  'tenant',
  'idempotencyKey',
  'orderingKey',
  'metadata',
  'timestamp',
  'id',
  'traceparent',
  'tracestate',
  'to',
] as const satisfies readonly (keyof EmitOptions)[];
/** Options of an emit in a transaction; taken off before a message is made. */
const TRANSACTION_KEYS = ['transaction', 'transactionSync'] as const;
/** The latest instant that a Date can hold. */
const MAX_INSTANT = 8_640_000_000_000_000;
/** Types seen before skip the syntax check; applications have few. */
const MAX_KNOWN_TYPES = 10_000;
const NO_OPTIONS: EmitOptions = {};

/** Tells which trace an event belongs to; called inside `emit`, so that AsyncLocalStorage has the context of the caller. */
export type TraceContextHook = () => TraceContext | undefined;

export interface MessageFactoryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly maxPayloadBytes: number;
  readonly idempotencyWindowMs: number;
  readonly traceContext: TraceContextHook | undefined;
  readonly onTraceError: (error: unknown) => void;
  readonly ids: { readonly message: string };
  readonly testMessage: TestMessageFunction | undefined;
}

export class MessageFactory {
  readonly #options: MessageFactoryOptions;
  readonly #knownTypes = new Set<string>();

  constructor(options: MessageFactoryOptions) {
    this.#options = options;
  }

  /**
   * @throws OptionsError for a wrong type or option
   * @throws PayloadError for data that JSON cannot carry, or that is too large
   */
  create(
    type: string,
    data: unknown,
    options: EmitOptions = NO_OPTIONS,
    to?: readonly Recipient[],
  ): NewMessage {
    return this.#create(type, data, options, to, false);
  }

  /** The same for a message that is not emitted, only asked about: its trace is of no interest. */
  draft(type: string, data: unknown, options: EmitOptions): NewMessage {
    return this.#create(type, data, options, undefined, true);
  }

  #create(
    type: string,
    data: unknown,
    options: EmitOptions,
    to: readonly Recipient[] | undefined,
    isDraft: boolean,
  ): NewMessage {
    this.#checkType(type);
    refuseOwnType(type);
    if (options !== NO_OPTIONS) checkOptions(options);
    const dataJson = isUint8Array(data) ? this.#serializeBytes(data) : serializeJson(data, 'data');
    this.#checkSize(dataJson);
    const idempotencyKey = this.#options.idempotencyWindowMs === 0 ? undefined : options.idempotencyKey;
    const metadata = options.metadata === undefined ? undefined : copyMetadata(options.metadata);
    return {
      id: options.id ?? this.#createId(),
      tenant: options.tenant ?? DEFAULT_TENANT,
      type,
      dataJson,
      timestamp: Math.trunc(
        options.timestamp === undefined ? this.#options.clock.now() : Number(options.timestamp),
      ),
      idempotencyKey,
      orderingKey: options.orderingKey,
      metadata,
      trace: isDraft ? undefined : this.#traceOf(options),
      addressed: options.to !== undefined,
      test: false,
      fingerprint:
        idempotencyKey === undefined && options.id === undefined
          ? undefined
          : fingerprint(type, dataJson, metadata, options, to),
    };
  }

  /**
   * Options as they are now, for a message that is created later.
   *
   * @throws OptionsError for a wrong option
   */
  keep(options: EmitOptions = NO_OPTIONS): EmitOptions {
    if (options !== NO_OPTIONS) checkOptions(options);
    const { metadata, timestamp = this.#options.clock.now() } = options;
    return {
      ...options,
      metadata: metadata === undefined ? undefined : copyMetadata(metadata),
      timestamp: Number(timestamp),
    };
  }

  /** The message of a test of an endpoint. */
  createTest(endpoint: EndpointView): NewMessage {
    const { testMessage } = this.#options;
    const { type, data, metadata } = makeTestMessage(endpoint, testMessage);
    const { tenant } = endpoint;
    const message =
      testMessage === undefined
        ? this.createOwn(type, data as object, tenant, this.#options.clock.now())
        : this.#create(type, data, { tenant, metadata }, undefined, true);
    return { ...message, test: true };
  }

  /** A message of our own. `data` may have members that JSON leaves out, or turns into null. */
  createOwn(type: string, data: object, tenant: string, timestamp: number): NewMessage {
    return {
      id: this.#createId(),
      tenant,
      type,
      dataJson: JSON.stringify(data),
      timestamp: Math.trunc(timestamp),
      idempotencyKey: undefined,
      orderingKey: undefined,
      metadata: undefined,
      trace: undefined,
      addressed: false,
      test: false,
      fingerprint: undefined,
    };
  }

  #createId(): string {
    const { ids, clock, random } = this.#options;
    return createOrderedId(ids.message, clock.now(), random);
  }

  /** A hook that fails or gives nonsense costs the message its trace, nothing else. */
  #traceOf(options: EmitOptions): TraceContext | undefined {
    const { traceContext, onTraceError } = this.#options;
    if (options.traceparent !== undefined || options.tracestate !== undefined || traceContext === undefined)
      return options === NO_OPTIONS ? undefined : readTraceContext(options, '');
    try {
      const trace: unknown = traceContext();
      if (trace === undefined) return undefined;
      if (typeof trace !== 'object' || trace === null)
        throw new TypeError(
          `expected { traceparent, tracestate? } or undefined, got ${describeValue(trace)}`,
        );
      return readTraceContext(trace, 'traceContext()');
    } catch (error) {
      onTraceError(error);
      return undefined;
    }
  }

  #checkType(type: unknown): void {
    if (this.#knownTypes.has(type as string)) return;
    if (!isEventType(type))
      throw new OptionsError('type', `type: expected ${EVENT_TYPE_EXPECTED}, got ${describeValue(type)}`);
    if (this.#knownTypes.size < MAX_KNOWN_TYPES) this.#knownTypes.add(type);
  }

  #checkSize(dataJson: string): void {
    const limit = this.#options.maxPayloadBytes;
    // A UTF-16 unit is at most 3 bytes of UTF-8: most payloads need no counting.
    if (dataJson.length * 3 <= limit) return;
    this.#checkBytes(Buffer.byteLength(dataJson));
  }

  #checkBytes(bytes: number): void {
    const limit = this.#options.maxPayloadBytes;
    if (bytes <= limit) return;
    throw new PayloadError(
      'data',
      `data: expected at most ${limit} bytes of JSON (maxPayloadBytes), got ${bytes}. Send a reference instead, or raise the limit.`,
    );
  }

  /** Bytes travel as the JSON string of their base64: the envelope `bytes` sends them, others the text. */
  #serializeBytes({ buffer, byteOffset, byteLength }: Uint8Array): string {
    // Before they are encoded: that takes a second for some hundred megabytes.
    this.#checkBytes(4 * Math.ceil(byteLength / 3) + 2);
    return `"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"`;
  }
}

function checkOptions(options: EmitOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new OptionsError('options', `options: expected an object, got ${describeValue(options)}`);
  for (const [key, value] of Object.entries(options)) {
    // A wrapper may pass on a transaction that is not there.
    const isLeftOut = value === undefined && (TRANSACTION_KEYS as readonly string[]).includes(key);
    if (!isLeftOut && !(EMIT_OPTION_KEYS as readonly string[]).includes(key))
      throw unknownKey('', key, [...EMIT_OPTION_KEYS, ...TRANSACTION_KEYS]);
  }
  checkText('tenant', options.tenant);
  checkText('idempotencyKey', options.idempotencyKey);
  checkText('orderingKey', options.orderingKey);
  if (options.id !== undefined && !isId(options.id)) throw wrong('id', ID_EXPECTED, options.id);
  const { timestamp } = options;
  if (timestamp !== undefined) {
    const instant = timestamp instanceof Date || typeof timestamp === 'number' ? Number(timestamp) : NaN;
    if (!(Math.abs(instant) <= MAX_INSTANT))
      throw wrong('timestamp', 'a valid Date or epoch milliseconds', timestamp);
  }
}

function checkText(key: 'tenant' | 'idempotencyKey' | 'orderingKey', value: unknown): void {
  if (value !== undefined && !isName(value)) throw wrong(key, NAME_EXPECTED, value);
}

function copyMetadata(metadata: JsonObject): JsonObject {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw wrong('metadata', 'an object', metadata);
  const text = serializeJson(metadata, 'metadata');
  checkMetadataSize(text, 'metadata');
  return JSON.parse(text) as JsonObject;
}

/** Digest of all that makes two messages the same; the time of emission is not part of it. */
function fingerprint(
  type: string,
  dataJson: string,
  metadata: JsonObject | undefined,
  options: EmitOptions,
  to: readonly Recipient[] | undefined,
): string {
  const rest = JSON.stringify([
    type,
    metadata ?? null,
    options.orderingKey ?? null,
    to?.map(recipientId) ?? null,
  ]);
  return createHash('sha256').update(rest).update('\0').update(dataJson).digest('base64');
}

function wrong(key: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(key, `${key}: expected ${expected}, got ${describeValue(value)}`);
}
