import type { Cli } from './command.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';

/**
 * Asks before something that cannot be taken back.
 *
 * @param options `canCount`: the command has `--dry-run`
 * @throws CliError when the answer is not yes, or nobody can be asked
 */
export async function confirm(
  cli: Cli,
  yes: boolean | undefined,
  question: string,
  { canCount = false }: { readonly canCount?: boolean } = {},
): Promise<void> {
  if (yes === true) return;
  const { terminal } = cli;
  if (!terminal.isInteractive)
    throw new CliError(
      EXIT_CODE.refused,
      `${question} There is nobody to ask here: say --yes${canCount ? ', or look first with --dry-run' : ''}.`,
    );
  const answer = await terminal.ask(`${question} [y/N] `).catch(() => '');
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(EXIT_CODE.refused, 'Nothing was done.');
}
