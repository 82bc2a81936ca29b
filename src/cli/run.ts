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
      if (error.code === 'commander.missingArgument') terminal.tell(adviceOnMissing(args[0]!, error.message));
      return error.exitCode === 0 ? EXIT_CODE.done : EXIT_CODE.wrongUse;
    }
    terminal.tell(`posthorn: ${printable(messageOf(error))}`);
    return exitCodeOf(error);
  }
}

/** Where what is missing comes from. */
function adviceOnMissing(command: string, message: string): string {
  const help = `See posthorn ${command} --help.`;
  if (!/argument 'ids?'/.test(message)) return help;
  const isDelivery = ['retry', 'cancel', 'attempts'].includes(command);
  return `Ids come from posthorn ${isDelivery ? 'deliveries' : 'list'}. ${help}`;
}
