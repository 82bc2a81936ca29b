/** What a command says of a failure, and what it ends with. */
import { describeError, isPosthornError } from '../errors.ts';
import { KEYS_VARIABLE } from './encryption-keys.ts';
import { CliError, EXIT_CODE, type ExitCode } from './exit-code.ts';

/** Of an answer of the API only what it says: which call it was means nothing to who gave a command. */
export function messageOf(error: unknown): string {
  const message = describeError(error);
  return [withoutCall(error, message), ...adviceFor(error, message)].join(' ');
}

/** What the library says is for who writes code. */
function adviceFor(error: unknown, message: string): readonly string[] {
  const code = isPosthornError(error) ? error.code : undefined;
  // Or the other side lacks a key: what is said must fit both.
  if (code === 'key_missing' || code === 'decrypt_failed')
    return [
      `Here: keys come from ${KEYS_VARIABLE}=id:key, or with the store that posthorn.config.mjs exports.`,
    ];
  if (isApiError(error) && error.status === 401) return ['Here: --token KEY, or POSTHORN_TOKEN.'];
  if (isApiError(error) && error.status === undefined) return ['Here: --url.'];
  if (code === 'schema_mismatch') return ['Here: posthorn migrate.'];
  if (message.includes('network: { allowPrivate'))
    return ['With a store: --allow-private 127.0.0.0/8, or network in posthorn.config.mjs.'];
  return [];
}

function withoutCall(error: unknown, message: string): string {
  if (!isApiError(error) || error.reason === undefined) return message;
  const said = message.slice(message.indexOf(`${error.status}: `) + `${error.status}: `.length);
  return error.field === undefined || said.includes(error.field) ? said : `${error.field}: ${said}`;
}

interface ApiError extends Error {
  /** Undefined when nothing answered. */
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly field: string | undefined;
}

function isApiError(error: unknown): error is ApiError {
  return isPosthornError(error) && error.code === 'api_failed';
}

/** What a command that failed so ends with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (isApiError(error)) {
    const { status } = error;
    if (status === 404) return EXIT_CODE.notFound;
    // A success of something else than the API.
    if (status === undefined || status >= 500 || status < 400) return EXIT_CODE.unavailable;
    return [401, 403, 409, 412, 429].includes(status) ? EXIT_CODE.refused : EXIT_CODE.wrongUse;
  }
  if (!isPosthornError(error)) return EXIT_CODE.unavailable;
  switch (error.code) {
    case 'invalid_option':
    case 'invalid_payload':
      return EXIT_CODE.wrongUse;
    case 'not_found':
      return EXIT_CODE.notFound;
    case 'conflict':
    case 'limit_exceeded':
      return EXIT_CODE.refused;
    default:
      return EXIT_CODE.unavailable;
  }
}
