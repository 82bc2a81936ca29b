/** From the arguments of `emit` to a message: everything that can be wrong with them is found here, before anything is stored. */
import { createHash } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import type { Clock, Random } from '../clock.ts';
import { describeValue } from '../core/describe-value.ts';
import type { EndpointView } from '../core/endpoint-view.ts';
import { createOrderedId } from '../core/id.ts';
import { type JsonObject, serializeJson } from '../core/json.ts';
import { DEFAULT_TENANT, EVENT_TYPE_EXPECTED, isEventType } from '../core/message.ts';
import { refuseOwnType } from '../core/operational-event.ts';
import { readTraceContext, type TraceContext } from '../core/trace-context.ts';
import { OptionsError, PayloadError } from '../errors.ts';
import type { NewMessage } from '../store/store.ts';
import { checkEmitOptions, copyMetadata, type EmitOptions, NO_OPTIONS } from './emit-options.ts';
import { type Recipient, recipientId } from './recipients.ts';
import { makeTestMessage, type TestMessageFunction } from './test-message.ts';

/** Types seen before skip the syntax check; applications have few. */
const MAX_KNOWN_TYPES = 10_000;

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
    if (options !== NO_OPTIONS) checkEmitOptions(options);
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
    if (options !== NO_OPTIONS) checkEmitOptions(options);
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
