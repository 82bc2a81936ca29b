import type { JsonObject } from './json.ts';
import type { TraceContext } from './trace-context.ts';

/** One emitted event, as stored. Its data is kept as the JSON text that every attempt sends. */
export interface Message {
  /** `[A-Za-z0-9_-]{1,256}`; the same on every attempt, so receivers can use it to drop duplicates. */
  readonly id: string;
  readonly tenant: string;
  /** Event type: dotted name, `job.completed`. */
  readonly type: string;
  /** The data as JSON text, serialised once. */
  readonly dataJson: string;
  /** When the event happened, epoch ms. */
  readonly timestamp: number;
  readonly idempotencyKey: string | undefined;
  /** Deliveries of one key to one `ordering: 'key'` endpoint are sent in the order of emission. */
  readonly orderingKey: string | undefined;
  /** Small JSON object that travels with the message: filters can read it, receivers do not get it unless an envelope says so. */
  readonly metadata: JsonObject | undefined;
  /** The trace it belongs to; receivers get it as headers. */
  readonly trace: TraceContext | undefined;
  /** True for a message that was emitted `to` named endpoints: replay gives it to no other. */
  readonly addressed: boolean;
  /** True for the message of `endpoints.test`. */
  readonly test: boolean;
}

/** Tenant of messages and endpoints that name none. */
export const DEFAULT_TENANT = 'default';

const TYPE_SYNTAX = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const MAX_TYPE_LENGTH = 256;

export const EVENT_TYPE_EXPECTED = `a dotted name of A-Z, a-z, 0-9, _ and -, at most ${MAX_TYPE_LENGTH} characters, like 'job.completed'`;

/** Event types are dotted names; control characters and spaces would break stores, headers and patterns. */
export function isEventType(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TYPE_LENGTH && TYPE_SYNTAX.test(value);
}
