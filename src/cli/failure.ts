/** What a command says of a failure, and what it ends with. */
import { describeError, isPosthornError } from '../errors.ts';
import { KEYS_VARIABLE } from './encryption-keys.ts';
import { CliError, EXIT_CODE, type ExitCode } from './exit-code.ts';

/** Of an answer of the API only what it says: which call it was means nothing to who gave a command. */
export function messageOf(error: unknown): string {
  const message = describeError(error);
  const told = withoutCall(error, message).replace(
    'Run the SQL of',
    'Here: posthorn migrate. In the application: run the SQL of',
  );
  return [told, ...adviceFor(error, message)].join(' ');
}

/** What the library says is for who writes code. */
function adviceFor(error: unknown, message: string): readonly string[] {
  const code = isPosthornError(error) ? error.code : undefined;
  if (code === 'key_missing' || code === 'decrypt_failed') return [keyAdvice(code, message)];
  if (isApiError(error) && error.status === 401) return ['Here: --token KEY, or POSTHORN_TOKEN.'];
  if (isApiError(error) && error.status === undefined) return ['Here: --url.'];
  if (message.includes('network: { allowPrivate'))
    return ['With a store: --allow-private 127.0.0.0/8, or network in posthorn.config.mjs.'];
  return [];
}

/** Between threads and processes only the message of an error has the id of the key. Without one, the other side may lack it: what is said must fit both. */
function keyAdvice(code: 'key_missing' | 'decrypt_failed', message: string): string {
  const id =
    code === 'key_missing'
      ? /(?<!this process encrypts )with the key ([\w-]+)/.exec(message)?.[1]
      : undefined;
  return id === undefined
    ? `Here: keys come from ${KEYS_VARIABLE}=id:key, or with the store that posthorn.config.mjs exports.`
    : `Here: add ${id}:KEY to ${KEYS_VARIABLE} (several are separated by commas, the current one first), or export the store from posthorn.config.mjs.`;
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
