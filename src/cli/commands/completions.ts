import { Argument } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion-script.ts';
import { defineCommand } from '../command.ts';
import { describeProgram } from '../describe-program.ts';

export const completions = defineCommand<[shell: Shell]>({
  name: 'completions',
  summary: 'Print a script that completes commands and options in a shell',
  examples: [
    'completions bash > ~/.local/share/bash-completion/completions/posthorn',
    'completions zsh > "${fpath[1]}/_posthorn"',
    'completions fish > ~/.config/fish/completions/posthorn.fish',
  ],
  standsAlone: true,
  define: (command) => void command.addArgument(new Argument('<shell>', 'which shell').choices(SHELLS)),
  run(cli, [shell]) {
    const script = completionScript(shell, describeProgram(cli.program));
    cli.output.answer({ shell, script }, () => script);
    return Promise.resolve();
  },
});
