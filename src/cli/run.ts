import { CommanderError } from 'commander';
import { describeError, isPosthornError } from '../errors.ts';
import { KEYS_VARIABLE } from './encryption-keys.ts';
import { CliError, EXIT_CODE, type ExitCode } from './exit-code.ts';
import { printable } from './output/printable.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command. Never throws: what goes wrong is told, and is in the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODE.done;
  const program = createProgram(terminal, (code) => {
    exitCode = code;
  });
  if (args.length === 0) {
    program.outputHelp();
    return EXIT_CODE.done;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // It has told already, or only printed help.
    if (error instanceof CommanderError) {
      if (error.code === 'commander.unknownOption' && args[0]!.startsWith('-'))
        terminal.tell('Options come after the command: posthorn list --store ./webhooks');
      return error.exitCode === 0 ? EXIT_CODE.done : EXIT_CODE.wrongUse;
    }
    terminal.tell(`posthorn: ${printable(messageOf(error))}`);
    return exitCodeOf(error);
  }
}

/** Of an answer of the API only what it says: which call it was means nothing to who gave a command. */
function messageOf(error: unknown): string {
  const message = describeError(error);
  return [withoutCall(error, message), ...adviceFor(error, message)].join(' ');
}

/** What the library says is for who writes code. */
function adviceFor(error: unknown, message: string): readonly string[] {
  const code = isPosthornError(error) ? error.code : undefined;
  if (code === 'key_missing')
    return [`Here: set ${KEYS_VARIABLE}=id:key, or export the store from posthorn.config.mjs.`];
  if (isApiError(error) && error.status === 401) return ['Here: --token KEY, or POSTHORN_TOKEN.'];
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
  readonly status: number;
  readonly reason: string | undefined;
  readonly field: string | undefined;
}

function isApiError(error: unknown): error is ApiError {
  return isPosthornError(error) && error.code === 'api_failed';
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (isApiError(error)) {
    const { status } = error;
    if (status === 404) return EXIT_CODE.notFound;
    // A success of something else than the API.
    if (status >= 500 || status < 400) return EXIT_CODE.unavailable;
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
