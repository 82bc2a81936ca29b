/** Options of `emit`, and what can be wrong with them. */
import { describeValue } from '../core/describe-value.ts';
import { unknownKey } from '../core/expect-value.ts';
import { ID_EXPECTED, isId, isName, NAME_EXPECTED } from '../core/id.ts';
import { type JsonObject, serializeJson } from '../core/json.ts';
import { checkMetadataSize } from '../core/metadata-size.ts';
import { OptionsError } from '../errors.ts';
import type { RecipientInput } from './recipients.ts';

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
/** No option is given: nothing to check. */
export const NO_OPTIONS: EmitOptions = {};
/** The latest instant that a Date can hold. */
const MAX_INSTANT = 8_640_000_000_000_000;

/** @throws OptionsError for the first that is wrong */
export function checkEmitOptions(options: EmitOptions): void {
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

/**
 * A copy that nobody changes any more.
 *
 * @throws OptionsError for what JSON cannot carry, or that is too large
 */
export function copyMetadata(metadata: JsonObject): JsonObject {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw wrong('metadata', 'an object', metadata);
  const text = serializeJson(metadata, 'metadata');
  checkMetadataSize(text, 'metadata');
  return JSON.parse(text) as JsonObject;
}

function wrong(key: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(key, `${key}: expected ${expected}, got ${describeValue(value)}`);
}
