/**
 * Messages as columns. Databases refuse U+0000 in text, and half a surrogate pair in UTF-8. No column can hold either:
 * ids, types and keys were checked for them when they were given, and the rest is JSON text, which writes both as escapes.
 * So the JSON belongs into a text column; one of type json or jsonb would undo the escapes, and refuse them.
 */
import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import type { Message } from '../../core/message.ts';
import type { TraceContext } from '../../core/trace-context.ts';
import { checkStored, parseStoredJson } from './read-stored.ts';

/** A message, flat. */
export interface MessageColumns {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly dataJson: string;
  /** Epoch ms. */
  readonly timestamp: number;
  readonly idempotencyKey: string | null;
  readonly orderingKey: string | null;
  readonly fingerprint: string | null;
  readonly addressed: boolean;
  readonly test: boolean;
  /** Metadata and trace as JSON text; null when there is neither. */
  readonly extra: string | null;
}

/** The same as drivers give it back: bigints as text, booleans as numbers. The fingerprint is compared in the store. */
export type StoredMessageColumns = Omit<
  MessageColumns,
  'timestamp' | 'addressed' | 'test' | 'fingerprint'
> & {
  readonly timestamp: number | bigint | string;
  readonly addressed: boolean | number;
  readonly test: boolean | number;
};

interface Extra {
  readonly metadata?: JsonObject | undefined;
  readonly trace?: TraceContext | undefined;
}

const extraSchema: z.ZodType<Extra> = z.object({
  metadata: z
    .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
      error: 'an object',
    })
    .optional(),
  trace: z.object({ traceparent: z.string(), tracestate: z.string().optional() }).optional(),
});

/** The columns of a message that is to be stored. */
export function toMessageColumns(
  message: Message & { readonly fingerprint: string | undefined },
): MessageColumns {
  const { id, tenant, type, dataJson, timestamp, addressed, test, metadata, trace } = message;
  const extra: Extra = { metadata, trace };
  return {
    id,
    tenant,
    type,
    dataJson,
    timestamp,
    idempotencyKey: message.idempotencyKey ?? null,
    orderingKey: message.orderingKey ?? null,
    fingerprint: message.fingerprint ?? null,
    addressed,
    test,
    extra: metadata === undefined && trace === undefined ? null : JSON.stringify(extra),
  };
}

/**
 * The message of stored columns. Columns have their types from the store; only `extra` is checked.
 *
 * @throws StoreError of code `record_invalid` naming message and field
 */
export function fromMessageColumns(columns: StoredMessageColumns): Message {
  const extra = columns.extra === null ? undefined : readExtra(columns.extra, columns.id);
  return {
    id: columns.id,
    tenant: columns.tenant,
    type: columns.type,
    dataJson: columns.dataJson,
    timestamp: Number(columns.timestamp),
    idempotencyKey: columns.idempotencyKey ?? undefined,
    orderingKey: columns.orderingKey ?? undefined,
    metadata: extra?.metadata,
    trace: extra?.trace,
    addressed: Boolean(columns.addressed),
    test: Boolean(columns.test),
  };
}

function readExtra(text: string, id: string): Extra {
  const name = `message ${JSON.stringify(id)}`;
  return checkStored(extraSchema, parseStoredJson(text, name, 'extra'), name, 'extra');
}
