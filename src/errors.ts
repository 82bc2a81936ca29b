/**
 * Everything that Posthorn throws on purpose.
 *
 * Three channels, never mixed: wrong use is an {@link OptionsError} or {@link PayloadError}; trouble around us is a
 * {@link StoreError}; a delivery that fails is no error at all but an `Outcome`, an event and a record.
 * Match on `code`: two copies of the package may be loaded, so `instanceof` can lie.
 */

import type { DispatcherReason } from './core/outcome.ts';

/** Stable codes of {@link PosthornError.code}. */
export type ErrorCode =
  | 'invalid_option'
  | 'invalid_payload'
  | 'conflict'
  | 'not_found'
  | 'limit_exceeded'
  | 'store_failed'
  | 'store_full'
  | 'store_owner_lost'
  | 'store_unavailable'
  | 'schema_mismatch'
  | 'driver_missing'
  | 'record_invalid'
  | 'key_missing'
  | 'decrypt_failed'
  | 'not_started'
  | 'emit_timeout'
  | 'source_overflow'
  | 'listener_failed'
  | 'function_failed'
  | 'send_failed'
  | 'api_failed'
  | 'stopped';

/** Base of all errors thrown by Posthorn. Messages carry no secret, no payload and no credentials of a URL. */
export class PosthornError extends Error {
  /** What went wrong, as a stable string to match on. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option, endpoint field or argument is wrong. Thrown before anything is stored or sent. Code `invalid_option`. */
export class OptionsError extends PosthornError {
  /** Dotted path of the offending field: `retry.maxAttempts`. Empty when the value as a whole is wrong. */
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super('invalid_option', message, options);
    this.path = path;
  }
}

/** The data given to `emit` cannot be sent as JSON, or is too large. Code `invalid_payload`. */
export class PayloadError extends PosthornError {
  /** Dotted path of the offending value inside the data: `data.items[3].price`. */
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super('invalid_payload', message, options);
    this.path = path;
  }
}

/**
 * Something else was there first: the idempotency key or id belongs to another message, or the endpoint was changed
 * since it was read, by somebody or by what Posthorn itself notes in it. Code `conflict`.
 */
export class ConflictError extends PosthornError {
  /** Id of the message or endpoint that was there first. */
  readonly existingId: string;

  constructor(existingId: string, message: string) {
    super('conflict', message);
    this.existingId = existingId;
  }
}

/** There are as many as an option allows. Code `limit_exceeded`. */
export class LimitError extends PosthornError {
  /** The most there may be. */
  readonly limit: number;

  constructor(limit: number, message: string) {
    super('limit_exceeded', message);
    this.limit = limit;
  }
}

/** No endpoint, message or delivery has this id. Code `not_found`. */
export class NotFoundError extends PosthornError {
  readonly id: string;

  constructor(kind: 'endpoint' | 'message' | 'delivery', id: string) {
    // Only what can be an id is repeated: callers pass whole endpoints by mistake, secrets and all.
    const shown =
      typeof id === 'string' && /^[A-Za-z0-9_-]{1,256}$/.test(id)
        ? JSON.stringify(id)
        : 'given (it cannot be an id)';
    const end = kind === 'endpoint' ? '' : ', or pruned by retention';
    const kept =
      kind === 'message'
        ? ' One that repeats an idempotency key is not kept: look for the first with this key.'
        : '';
    super('not_found', `No ${kind} has the id ${shown}. It may have been removed${end}.${kept}`);
    this.id = id;
  }
}

/**
 * The store could not do its work (I/O, connection, full, unreadable record). `cause` holds the driver's error, when
 * there is one. Codes: `store_failed` (reading or writing failed), `store_full` (there is no room: of the disk, or for more messages
 * of a store in memory), `store_unavailable` (the database, or the process that owns the folder, cannot be reached, or does not
 * answer), `store_owner_lost` (the process that owns the folder ended before it answered: the call may have been made or not),
 * `schema_mismatch` (the tables are not those of this release), `driver_missing` (the package that connects to the database is
 * not installed, or cannot be loaded), `not_started` (an emit in a transaction came before the dispatcher was started), `emit_timeout` (a
 * store that goes on failing, or does not answer, did not take a message within `emitTimeoutMs`), `record_invalid` (what is stored is not a record, or an
 * endpoint that this process cannot serve), `key_missing` (a record is encrypted with a key that the store was not given,
 * or processes that share a folder lack a key of each other), `decrypt_failed` (an encrypted value was changed, or copied from
 * somewhere else, or processes that share a folder have different keys of one id).
 */
export class StoreError extends PosthornError {
  constructor(
    message: string,
    options?: ErrorOptions & {
      code?:
        | 'store_failed'
        | 'store_full'
        | 'store_owner_lost'
        | 'store_unavailable'
        | 'schema_mismatch'
        | 'driver_missing'
        | 'record_invalid'
        | 'key_missing'
        | 'decrypt_failed'
        | 'not_started'
        | 'emit_timeout';
    },
  ) {
    super(options?.code ?? 'store_failed', message, options);
  }
}

/** The dispatcher has been stopped, so the call cannot be served. Code `stopped`. */
export class StoppedError extends PosthornError {
  constructor(call: string) {
    super(
      'stopped',
      `Cannot ${call}: the dispatcher has been stopped. Create a new WebhookDispatcher to go on.`,
    );
  }
}

/** A source (`attach`, `process`) produced events faster than the store took them; the event was refused. Code `source_overflow`. */
export class SourceOverflowError extends PosthornError {
  constructor(type: string, maxPending: number) {
    super(
      'source_overflow',
      `Refused an event of type ${JSON.stringify(type)}: ${maxPending} events of this source wait for the store already. ` +
        'Slow the source down; attach can be given a higher maxPending.',
    );
  }
}

/** A listener of a lifecycle event threw or rejected. Reported by the `error` event; nothing else is affected. */
export class ListenerError extends PosthornError {
  constructor(event: string, cause: unknown) {
    super('listener_failed', `A listener of the event '${event}' failed; the delivery is not affected.`, {
      cause,
    });
  }
}

/**
 * A function of yours threw: one of `functions` that decides (`filter`, `shouldRetry`, `retryDelay`), `map` of `attach`, a function among the options,
 * or the schema of an event type. Reported by the `error` event. One that makes the request of an attempt is a `SendError`. Code `function_failed`.
 */
export class FunctionError extends PosthornError {
  constructor(what: string, cause: unknown) {
    super('function_failed', `${what} threw: ${describeError(cause)}`, { cause });
  }
}

/**
 * The dispatcher itself could not make the request of an attempt: the endpoint is not to blame, and the attempt does not count. A function that it
 * needs threw or is missing, the request or a secret is not valid, or the transport or the proxy failed; `reason` says which. Reported by the `error` event, at
 * most once a minute for one reason and endpoint, and for the proxy once a minute in all. Code `send_failed`.
 */
export class SendError extends PosthornError {
  /** The reason of the attempt: `function_failed`, `proxy_failed` and others. */
  readonly reason: DispatcherReason;
  /** The endpoint that it happened at; a proxy may be down for others, too. */
  readonly endpointId: string;
  /** The delivery that it happened to first. */
  readonly deliveryId: string;

  constructor(
    message: string,
    {
      reason,
      endpointId,
      deliveryId,
    }: { readonly reason: DispatcherReason; readonly endpointId: string; readonly deliveryId: string },
  ) {
    super('send_failed', message);
    this.reason = reason;
    this.endpointId = endpointId;
    this.deliveryId = deliveryId;
  }
}

/** The management API refused a call of `createWebhookClient`, could not serve it, or did not answer. Code `api_failed`. */
export class WebhookApiError extends PosthornError {
  /** HTTP status of the answer; undefined when there was none, and `cause` says why. */
  readonly status: number | undefined;
  /** The code that the API gave, `not_found` for example; undefined when something else than the API answered. */
  readonly reason: string | undefined;
  /** The member of the request that is wrong. */
  readonly field: string | undefined;

  constructor(
    message: string,
    details: {
      readonly status?: number;
      readonly reason?: string | undefined;
      readonly field?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super('api_failed', message, 'cause' in details ? { cause: details.cause } : {});
    this.status = details.status;
    this.reason = details.reason;
    this.field = details.field;
  }
}

/** True for errors thrown by any loaded copy of Posthorn. */
export function isPosthornError(error: unknown): error is PosthornError {
  return (
    error instanceof Error &&
    typeof (error as Partial<PosthornError>).code === 'string' &&
    POSTHORN_CODES.has((error as PosthornError).code)
  );
}

const POSTHORN_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'invalid_option',
  'invalid_payload',
  'conflict',
  'limit_exceeded',
  'not_found',
  'store_failed',
  'store_full',
  'store_owner_lost',
  'store_unavailable',
  'schema_mismatch',
  'driver_missing',
  'record_invalid',
  'key_missing',
  'decrypt_failed',
  'not_started',
  'emit_timeout',
  'source_overflow',
  'listener_failed',
  'function_failed',
  'send_failed',
  'api_failed',
  'stopped',
]);

/** The message of an unknown thrown value, for logs and records. Never throws: foreign code throws the strangest things. */
export function describeError(error: unknown): string {
  try {
    const { message, name } = error instanceof Error ? error : { message: String(error), name: 'Error' };
    return typeof message === 'string' && message !== '' ? message : String(name);
  } catch {
    return 'a value that cannot be shown';
  }
}
