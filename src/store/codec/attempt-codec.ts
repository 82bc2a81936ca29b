/**
 * Attempts as columns. All that strangers wrote (response, and details that may quote it) is in one JSON text, which
 * writes U+0000 and half surrogate pairs as escapes: a text column takes it, whatever the receiver sent.
 */
import { z } from 'zod';
import type { Attempt } from '../../core/delivery.ts';
import type { StoredResponse } from '../../core/stored-response.ts';
import { checkStored, parseStoredJson } from './read-stored.ts';

/** An attempt, flat. When it was started, and whose it is, are columns of the store: it stamps them itself. */
export interface AttemptColumns {
  readonly attempt: number;
  readonly outcome: Attempt['outcome'];
  readonly reason: NonNullable<Attempt['reason']> | null;
  readonly durationMs: number;
  /** Detail, response and traceparent as JSON text; null when there is none of them. */
  readonly extra: string | null;
}

/** The same as drivers give it back: bigints as text. */
export type StoredAttemptColumns = Omit<AttemptColumns, 'durationMs'> & {
  readonly durationMs: number | bigint | string;
  /** Epoch ms. */
  readonly startedAt: number | bigint | string;
};

/** Whose attempt it is. */
export type AttemptOwner = Pick<Attempt, 'deliveryId' | 'messageId' | 'endpointId' | 'tenant'>;

interface Extra {
  readonly detail?: string | undefined;
  readonly response?: StoredResponse | undefined;
  readonly traceparent?: string | undefined;
}

const extraSchema: z.ZodType<Extra> = z.object({
  detail: z.string().optional(),
  response: z
    .object({
      status: z.number(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
      bodyEncoding: z.enum(['utf8', 'base64']),
      bodyTruncated: z.boolean(),
      bodyComplete: z.boolean(),
    })
    .optional(),
  traceparent: z.string().optional(),
});

/** The columns of an attempt that is to be stored. */
export function toAttemptColumns(
  attempt: Pick<
    Attempt,
    'attempt' | 'outcome' | 'reason' | 'durationMs' | 'detail' | 'response' | 'traceparent'
  >,
): AttemptColumns {
  const { detail, response, traceparent } = attempt;
  const extra: Extra = { detail, response, traceparent };
  const isEmpty = detail === undefined && response === undefined && traceparent === undefined;
  return {
    attempt: attempt.attempt,
    outcome: attempt.outcome,
    reason: attempt.reason ?? null,
    durationMs: attempt.durationMs,
    extra: isEmpty ? null : JSON.stringify(extra),
  };
}

/**
 * The attempt of stored columns. Columns have their types from the store; only `extra` is checked.
 *
 * @throws StoreError of code `record_invalid` naming delivery, attempt and field
 */
export function fromAttemptColumns(columns: StoredAttemptColumns, owner: AttemptOwner): Attempt {
  const { attempt, extra: text } = columns;
  const name = `attempt ${attempt} of delivery ${JSON.stringify(owner.deliveryId)}`;
  const extra =
    text === null ? undefined : checkStored(extraSchema, parseStoredJson(text, name, 'extra'), name, 'extra');
  return {
    deliveryId: owner.deliveryId,
    messageId: owner.messageId,
    endpointId: owner.endpointId,
    tenant: owner.tenant,
    attempt,
    outcome: columns.outcome,
    reason: columns.reason ?? undefined,
    detail: extra?.detail,
    startedAt: Number(columns.startedAt),
    durationMs: Number(columns.durationMs),
    response: extra?.response,
    traceparent: extra?.traceparent,
  };
}
