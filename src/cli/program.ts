/** The program, made of its commands. */
import { Command } from 'commander';
import { VERSION } from '../resolve-options.ts';
import type { Cli, CliCommand } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT_CODE, type ExitCode } from './exit-code.ts';
import { createOutput } from './output/output.ts';
import { openSession } from './open-session.ts';
import { CONFIG_NAMES } from './config-file.ts';
import { DEFAULT_STORE, type PlaceFlags } from './place.ts';
import type { Terminal } from './terminal.ts';
import { unlessEnded } from './unless-ended.ts';

type CommonFlags = PlaceFlags & { readonly json?: boolean; readonly color?: boolean };

/** @param onDone told the exit code of the command that ran */
export function createProgram(
  terminal: Terminal,
  onDone: (exitCode: ExitCode) => void = () => undefined,
): Command {
  const program = new Command('posthorn')
    .description(
      'Look after the webhooks of an application: its endpoints, and what became of every message.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => terminal.print(text.replace(/\n$/, '')),
      writeErr: (text) => terminal.tell(text.replace(/\n$/, '')),
      outputError: (text, write) => write(text.replace(/^error: /, 'posthorn: ')),
    })
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText('after', PROGRAM_HELP);
  for (const spec of COMMANDS) addCommand(program, spec, terminal, onDone);
  return program;
}

function addCommand(
  program: Command,
  spec: CliCommand,
  terminal: Terminal,
  onDone: (exitCode: ExitCode) => void,
): void {
  const command = program
    .command(spec.name)
    .summary(spec.summary)
    .description(
      [`${spec.summary}.`, ...(spec.description === undefined ? [] : ['', spec.description])].join('\n'),
    )
    .allowExcessArguments(false);
  spec.define?.(command);
  if (spec.standsAlone !== true) addPlaceOptions(command);
  command.option('--json', 'print JSON, for scripts').option('--no-color', 'print without colours');
  const examples = spec.examples.map((example) => `  $ posthorn ${example}`).join('\n');
  command.addHelpText('after', `\nExample${spec.examples.length > 1 ? 's' : ''}:\n${examples}`);
  command.action(async (...given: unknown[]) => {
    const args = given.slice(0, -2);
    const flags = given.at(-2) as CommonFlags;
    const cli = createCli(terminal, flags, program);
    onDone((await spec.run(cli, args, { ...flags })) ?? EXIT_CODE.done);
  });
}

function addPlaceOptions(command: Command): void {
  command
    .option(
      '--store <where>',
      `a folder, sqlite:FILE, postgres://… or mysql://… (default: $POSTHORN_STORE, or ${DEFAULT_STORE})`,
    )
    .option('--url <api>', 'the REST API of an application instead of a store (default: $POSTHORN_URL)')
    .option('--token <key>', 'the key for --url (default: $POSTHORN_TOKEN)')
    .option('--tenant <id>', 'whose endpoints and messages, with a store')
    .option(
      '--config <file>',
      `options of the application (default: ${CONFIG_NAMES[0]} here, if there is one)`,
    )
    .option(
      '--allow-private <cidr...>',
      'private addresses that endpoints may have, such as 127.0.0.0/8; with a store',
    );
}

function createCli(terminal: Terminal, flags: CommonFlags, program: Command): Cli {
  return {
    terminal,
    program,
    output: createOutput(terminal, flags),
    async use(act, options = {}) {
      const { signal } = terminal;
      const { session, close } = await unlessEnded(openSession(flags, terminal, options), signal);
      try {
        return await (options.endsByItself === true ? act(session) : unlessEnded(act(session), signal));
      } finally {
        await close(signal.aborted);
      }
    },
  };
}

const PROGRAM_HELP = `
Every command works on a store, also while the application runs, or over the REST API of the application (--url). Without
--store and --url it is ${DEFAULT_STORE}, or the store of posthorn.config.mjs. $POSTHORN_ENCRYPTION_KEYS has the keys of
a store that encrypts secrets, as id:key.

Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 not found, 4 refused, 5 store or API cannot be reached, 130 interrupted.

Examples:
  $ posthorn add https://example.com/hooks "My app" job.completed,job.failed
  $ posthorn list --store ./webhooks
  $ posthorn deliveries --state exhausted --url https://app.example.com/api --token $KEY`;
