import { confirm } from '../confirm.ts';
import { defineCommand } from '../command.ts';
import { expectLocal } from '../expect-local.ts';
import { EXIT_CODE, type ExitCode } from '../exit-code.ts';
import { durationFlag } from '../flag-values.ts';
import { DEFAULTS } from '../../options.ts';
import { formatDuration } from '../output/format-time.ts';

interface PruneFlags {
  readonly succeeded?: number;
  readonly unsuccessful?: number;
  readonly yes?: boolean;
}

/** Other work of the store has its turn after so long. */
const BUDGET_MS = 250;

export const prune = defineCommand<[], PruneFlags>({
  name: 'prune',
  summary: 'Remove finished messages that are older than retention says, with their deliveries and attempts',
  description:
    'A running application does it by itself. Without options it goes by the retention of posthorn.config.mjs, or by the defaults.\nMessages with deliveries that are not finished stay.',
  examples: ['prune --succeeded 7d --unsuccessful 30d --yes'],
  define: (command) =>
    void command
      .option('--succeeded <duration>', 'keep messages that were delivered so long', durationFlag)
      .option('--unsuccessful <duration>', 'keep the others so long', durationFlag)
      .option('-y, --yes', 'do not ask'),
  run: (cli, _args, flags) =>
    cli.use(
      async (session): Promise<ExitCode> => {
        const { store, text, options } = expectLocal(session, 'Pruning');
        const retention = {
          succeededMs: flags.succeeded ?? options.retention?.succeededMs ?? DEFAULTS.retention.succeededMs,
          unsuccessfulMs:
            flags.unsuccessful ?? options.retention?.unsuccessfulMs ?? DEFAULTS.retention.unsuccessfulMs,
        };
        await confirm(
          cli,
          flags.yes,
          `Messages of ${text} that were delivered more than ${describe(retention.succeededMs)} ago, and others that ended more than ` +
            `${describe(retention.unsuccessfulMs)} ago, will be removed for good. Go on?`,
        );
        let removed = 0;
        let more = true;
        while (more && !cli.terminal.signal.aborted) {
          const result = await store.prune({ retention, budgetMs: BUDGET_MS });
          removed += result.messages;
          ({ more } = result);
          cli.terminal.showProgress(`${removed} messages removed`);
        }
        cli.output.answer({ messages: removed, complete: !more }, () =>
          more ? `Ended after ${removed} messages; more are left.` : `${removed} messages removed.`,
        );
        return more ? EXIT_CODE.interrupted : EXIT_CODE.done;
      },
      { endsByItself: true },
    ),
});

function describe(ms: number): string {
  return ms === Infinity ? 'forever' : formatDuration(ms);
}
