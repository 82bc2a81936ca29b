/** What memory keeps of rows whose text is on the disk. */
import type { Message } from '../../../core/message.ts';
import type { StoredResponse } from '../../../core/stored-response.ts';
import type { NewAttempt } from '../../store.ts';
import type { AttemptRecord, MessageRecord } from './row-records.ts';

/** A response was there; what it said is on the disk. */
const SOME_RESPONSE: StoredResponse = Object.freeze({
  status: 0,
  headers: {},
  body: '',
  bodyEncoding: 'utf8',
  bodyTruncated: false,
  bodyComplete: false,
});

/** The message without what may be large. */
export function slimMessage(message: Message): Message {
  return {
    id: message.id,
    tenant: message.tenant,
    type: message.type,
    dataJson: '',
    timestamp: message.timestamp,
    idempotencyKey: message.idempotencyKey,
    orderingKey: message.orderingKey,
    metadata: undefined,
    trace: message.trace,
    addressed: message.addressed,
    test: message.test,
  };
}

/** A message that was read back, as memory keeps it. */
export type SlimMessageRecord = MessageRecord & { readonly dataJson: string };

/** The same for a record that was just read, and is nobody else's: in place, for the sake of a quick start. */
export function slimMessageRecord(record: MessageRecord): SlimMessageRecord {
  return Object.assign(record, { dataJson: '', metadata: undefined });
}

/** As {@link slimMessageRecord}. */
export function slimAttemptRecord(record: AttemptRecord): AttemptRecord {
  const response = record.response === undefined ? undefined : SOME_RESPONSE;
  return Object.assign(record, { detail: undefined, response, traceparent: undefined });
}

/** The attempt with what counting asks for. */
export function slimAttempt({ outcome, reason, attempt, durationMs, response }: NewAttempt): NewAttempt {
  return {
    outcome,
    reason,
    detail: undefined,
    attempt,
    durationMs,
    response: response === undefined ? undefined : SOME_RESPONSE,
    traceparent: undefined,
  };
}
