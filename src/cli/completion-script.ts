/** Scripts that complete the names of commands and options; what they name is written into them. */
import type { CommandDescription } from './describe-program.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** @param program the program itself first, as `describeProgram` gives it */
export function completionScript(shell: Shell, program: readonly CommandDescription[]): string {
  const commands = program.slice(1);
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return zsh(commands);
    case 'fish':
      return fish(commands);
  }
}

function bash(commands: readonly CommandDescription[]): string {
  return `# bash completion for posthorn
_posthorn() {
  local word=\${COMP_WORDS[COMP_CWORD]} words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(' ')} help --help --version"
  else
    case \${COMP_WORDS[1]} in
${commands.map(({ name, options }) => `      ${name}) words="${[...options, '--help'].join(' ')}" ;;`).join('\n')}
    esac
    case $word in -*) ;; *) words="" ;; esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _posthorn posthorn`;
}

function zsh(commands: readonly CommandDescription[]): string {
  return `#compdef posthorn
_posthorn() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  case $words[2] in
${commands.map(({ name, options }) => `    ${name}) compadd -- ${[...options, '--help'].join(' ')} ;;`).join('\n')}
  esac
  _files
}
compdef _posthorn posthorn`;
}

function fish(commands: readonly CommandDescription[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c posthorn -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ...[...options, '--help'].map(
      (option) => `complete -c posthorn -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
    ),
  ]);
  return ['# fish completion for posthorn', ...lines].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
