/** Answers that are no success: which status and code, and what of an error may be told to a caller. */
import { isPosthornError, type OptionsError, type PayloadError, type PosthornError } from '../errors.ts';
import { toApiField } from './field-name.ts';

/** What went wrong with a request, as a stable word: the member `error.code` of the answer. */
export type ApiErrorCode =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'cross_origin'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'limit_exceeded'
  | 'revision_mismatch'
  | 'too_large'
  | 'unsupported_media_type'
  | 'invalid_request'
  | 'invalid_payload'
  | 'rate_limited'
  | 'internal'
  | 'unavailable';

/** The status of each. */
export const API_ERROR_STATUS: Readonly<Record<ApiErrorCode, number>> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  cross_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  limit_exceeded: 409,
  revision_mismatch: 412,
  too_large: 413,
  unsupported_media_type: 415,
  invalid_request: 422,
  invalid_payload: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

/** A failure on its way to the caller, who may read all of it. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly field: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ApiErrorCode,
    message: string,
    {
      field,
      headers = {},
      cause,
    }: { field?: string; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'ApiError';
    this.code = code;
    this.field = field;
    this.headers = headers;
  }
}

/** The error for an id that is not there, or not of this tenant: both look alike. */
export function notFound(kind: 'webhook' | 'delivery' | 'message'): ApiError {
  return new ApiError(
    'not_found',
    `No ${kind} has this id. It may have been removed, or pruned by retention.`,
  );
}

/**
 * What the caller may know of anything that was thrown. Only mistakes of the caller are told in the words of the
 * dispatcher, which shows no secrets in them; of everything else the log has the cause.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isPosthornError(error)) return fromDispatcher(error);
  return new ApiError('internal', 'Something went wrong here. It is not the fault of the request.', {
    cause: error,
  });
}

function fromDispatcher(error: PosthornError): ApiError {
  switch (error.code) {
    case 'invalid_option': {
      const { path } = error as OptionsError;
      const field = toApiField(path);
      // Only where it names the member: further on the same letters may be somebody's value.
      const message = path === '' ? error.message : error.message.replace(path, () => field);
      return new ApiError('invalid_request', message, field === '' ? {} : { field });
    }
    case 'invalid_payload':
      return new ApiError('invalid_payload', error.message, { field: (error as PayloadError).path });
    case 'not_found':
      return new ApiError(
        'not_found',
        'Nothing here has this id. It may have been removed, or pruned by retention.',
      );
    case 'conflict':
    case 'limit_exceeded':
      return new ApiError(error.code, error.message);
    case 'stopped':
      return new ApiError('unavailable', 'The dispatcher has been stopped.', { cause: error });
    case 'store_full':
      return new ApiError('unavailable', 'There is no room left in the store. Try again later.', {
        cause: error,
        headers: { 'retry-after': '5' },
      });
    case 'record_invalid':
    case 'key_missing':
    case 'decrypt_failed':
    case 'schema_mismatch':
    case 'driver_missing':
      // No retry-after: time does not mend it. What it is may be of another tenant, or name files of this machine.
      return new ApiError(
        'unavailable',
        'Those who run this application have to repair something in its store, or its keys, first: its log says what. ' +
          'It is not the fault of the request.',
        { cause: error },
      );
    case 'store_failed':
    case 'store_owner_lost':
    case 'store_unavailable':
    case 'emit_timeout':
    case 'not_started':
      return new ApiError('unavailable', 'The store does not answer as it should. Try again later.', {
        cause: error,
        headers: { 'retry-after': '5' },
      });
    default:
      return new ApiError('internal', 'Something went wrong here. It is not the fault of the request.', {
        cause: error,
      });
  }
}
