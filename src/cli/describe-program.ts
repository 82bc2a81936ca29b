import type { Command } from 'commander';

/** A command, for completions and for docs/reference/cli.md. */
export interface CommandDescription {
  readonly name: string;
  readonly summary: string;
  /** With their dashes: `--json`. */
  readonly options: readonly string[];
  /** What `--help` prints, 100 columns wide. */
  readonly help: string;
}

const COLUMNS = 100;

/** The program itself first, then its commands in the order of `posthorn --help`. */
export function describeProgram(program: Command): readonly CommandDescription[] {
  return [program, ...program.commands].map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: command.options.flatMap(({ long }) => (typeof long === 'string' ? [long] : [])),
    help: helpOf(command),
  }));
}

/** With the examples, which commander only has when it prints. */
function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => (help += text),
    getOutHelpWidth: () => COLUMNS,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return help.trimEnd();
}
