import { CommanderError } from 'commander';
import { EXIT_CODE, type ExitCode } from './exit-code.ts';
import { exitCodeOf, messageOf } from './failure.ts';
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
