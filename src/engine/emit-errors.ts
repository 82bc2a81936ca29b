/** Why a message was not stored. */
import { ConflictError, describeError, StoreError } from '../errors.ts';
import type { AppendEntry } from '../store/store.ts';

export function conflictError(entry: AppendEntry, existingId: string): ConflictError {
  const { id, idempotencyKey } = entry.message;
  const taken =
    idempotencyKey === undefined
      ? `The message id ${JSON.stringify(id)}`
      : `The idempotency key ${JSON.stringify(idempotencyKey)}`;
  return new ConflictError(
    existingId,
    `${taken} belongs to message ${existingId}, which differs in type, data (members in the same order), metadata, orderingKey or to. Use a new key for a new message.`,
  );
}

/** It may have been written all the same. */
export function timeoutError(emitTimeoutMs: number, cause: unknown): StoreError {
  const why = `the store ${cause === undefined ? 'does not answer' : 'keeps failing'}`;
  return late(
    emitTimeoutMs,
    why,
    'Emit it again, with an idempotencyKey so that it cannot become two.',
    cause,
  );
}

/** Nothing of it was written. */
export function unknownChangesError(emitTimeoutMs: number, cause: unknown): StoreError {
  const why = 'the store does not answer with what was changed (endpoints, or the switch)';
  return late(emitTimeoutMs, why, 'Emit it again.', cause);
}

function late(emitTimeoutMs: number, why: string, advice: string, cause: unknown): StoreError {
  const said = cause === undefined ? '' : ` (${describeError(cause)})`;
  const message = `Could not store the message within emitTimeoutMs (${emitTimeoutMs} ms): ${why}${said}. ${advice}`;
  return new StoreError(message, { code: 'emit_timeout', cause });
}
