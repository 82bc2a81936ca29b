/** A command as data: what `--help` and docs/reference/cli.md say of it, and what it does. */
import type { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import type { Output } from './output/output.ts';
import type { OpenOptions, Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with. */
export interface Cli {
  readonly terminal: Terminal;
  readonly output: Output;
  /** All commands. */
  readonly program: Command;
  /** Opens what `--store`, `--url` or the configuration say, and closes it afterwards. */
  use<Result>(act: (session: Session) => Promise<Result>, options?: OpenOptions): Promise<Result>;
}

/** Values of arguments and options, as commander hands them over after `define` has parsed them. */
export interface CommandSpec<Args extends readonly unknown[], Options> {
  readonly name: string;
  readonly summary: string;
  /** More than fits in a line. */
  readonly description?: string;
  /** At least one; the first is the usual one. Without `posthorn` before it. */
  readonly examples: readonly string[];
  /** Works without a store and without an API: `--store` and `--url` are not among its options. */
  readonly standsAlone?: boolean;
  /** Adds options, and parsers of arguments. */
  readonly define?: (command: Command) => void;
  /** Answers with the exit code; done when it answers nothing. */
  readonly run: (cli: Cli, args: Args, options: Options) => Promise<ExitCode | void>;
}

/** A command whose types are known only to itself. */
export type CliCommand = CommandSpec<readonly unknown[], Record<string, unknown>>;

/** Checks that the parts of a command fit each other. */
export function defineCommand<
  Args extends readonly unknown[] = readonly [],
  Options extends object = Record<never, never>,
>(spec: CommandSpec<Args, Options>): CliCommand {
  return spec as unknown as CliCommand;
}
