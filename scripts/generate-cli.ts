/** The reference of the command line: what `--help` prints, for every command. */
import { describeProgram } from '../src/cli/describe-program.ts';
import { createProgram } from '../src/cli/program.ts';
import { silentTerminal } from '../src/cli/silent-terminal.ts';
import { EXIT_CODE } from '../src/cli/exit-code.ts';
import { page, table } from './reference/markdown.ts';

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT_CODE, string>> = {
  done: 'It did what it was asked',
  answerIsNo:
    'It did, and the answer is no: a test that was not delivered, a signature that does not fit, a doctor who found a problem',
  wrongUse: 'A command, an option or a value is wrong, or the input was refused. Nothing was done',
  notFound: 'There is nothing with this id',
  refused:
    'Refused: no permission, somebody else was faster, a question was answered with no, or nobody could be asked',
  unavailable: 'The store or the API cannot be reached, or failed',
  interrupted: 'Ended by Ctrl-C or a signal before it was done; what was stored until then stays',
};

export function generate(): Promise<Map<string, string>> {
  const [program, ...commands] = describeProgram(createProgram(silentTerminal));
  const text = page(
    '# The command line',
    'Every command of `posthorn`, as its `--help` prints it. [The guide](../guides/command-line.md) says how they are used.',
    block(program!.help),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.entries(EXIT_CODE).map(([name, code]) => [
        String(code),
        EXIT_MEANINGS[name as keyof typeof EXIT_CODE],
      ]),
    ),
    ...commands.flatMap(({ name, help }) => [`## posthorn ${name}`, block(help)]),
  );
  return Promise.resolve(new Map([['docs/reference/cli.md', text]]));
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
