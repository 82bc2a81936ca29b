import { Option } from 'commander';
import { confirm } from '../confirm.ts';
import { type Cli, defineCommand } from '../command.ts';
import type { ReplayInput, ReplayResultResource } from '../../http/index.ts';
import { listFlag } from '../flag-values.ts';
import { countOf } from '../output/count-of.ts';
import { addRangeFlags, type RangeFlags } from '../range-flags.ts';
import { addStateFlag, type StateFlag } from '../state-flag.ts';
import type { Session } from '../session.ts';

interface ReplayFlags extends RangeFlags, StateFlag {
  readonly failed?: boolean;
  readonly message?: readonly string[];
  readonly missing?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const replay = defineCommand<[id: string | undefined], ReplayFlags>({
  name: 'replay',
  summary: 'Send stored messages again, to all endpoints or to one',
  description:
    'Those that were delivered included, unless --failed or --state says otherwise; endpoints that were added or enabled later get what they missed. Asks first; --dry-run only counts.',
  examples: [
    'replay --failed --since 24h --dry-run',
    'replay ep_2fJ8mGkq --since 2026-03-01T12:00:00Z --until 2026-03-01T14:00:00Z',
    'replay --message msg_8Kd2 --yes',
  ],
  define(command) {
    command
      .argument('[id]', 'id of an endpoint (default: all)')
      .addOption(
        new Option('--failed', 'only deliveries that were given up: --state exhausted,failed').conflicts(
          'state',
        ),
      );
    addStateFlag(command);
    command
      .addOption(
        new Option('--missing', 'only deliveries that were never made').conflicts(['failed', 'state']),
      )
      .option('--message <ids>', 'only these messages', listFlag);
    addRangeFlags(command);
    command.option('--dry-run', 'only count').option('-y, --yes', 'do not ask');
  },
  run: (cli, [id], flags) =>
    cli.use(async (session) => {
      const input = toInput(id, flags);
      const counted = await session.client.queue.replay({ ...input, dry_run: true });
      const due = counted.retried + counted.created;
      if (flags.dryRun === true || due === 0) return cli.output.answer(counted, () => describe(counted));
      await confirm(cli, flags.yes, `${countOf(due, 'delivery', 'deliveries')} will be due now. Go on?`, {
        canCount: true,
      });
      const stopTelling = tellProgress(cli, session, due);
      try {
        // What came meanwhile was not asked about.
        const done = await session.client.queue.replay({ ...input, as_of: counted.as_of });
        cli.output.answer(done, () => describe(done));
      } finally {
        stopTelling();
      }
    }),
});

function toInput(id: string | undefined, flags: ReplayFlags): ReplayInput {
  const { type, since, until, message, failed = false, missing = false, state } = flags;
  const failedStates = failed ? (['exhausted', 'failed'] as const) : undefined;
  return {
    webhook_id: id,
    event_type: type === undefined ? undefined : [...type],
    message_ids: message === undefined ? undefined : [...message],
    // The API says which it takes.
    states: missing
      ? []
      : ((state as ReplayInput['states']) ?? (failedStates === undefined ? undefined : [...failedStates])),
    create_missing: missing ? true : undefined,
    since,
    until,
  };
}

function tellProgress({ terminal }: Cli, { local }: Session, due: number): () => void {
  if (local === undefined) return () => undefined;
  return local.dispatcher.on('replay.progress', ({ done }) =>
    terminal.showProgress(`${done.retried + done.created} of ${due}`),
  );
}

function describe({ messages, retried, created, skipped, dry_run: isDry }: ReplayResultResource): string {
  const verb = (number: number): string => (isDry ? 'would be' : number === 1 ? 'is' : 'are');
  const parts = [
    `${countOf(retried, 'delivery', 'deliveries')} ${verb(retried)} due again`,
    ...(created > 0
      ? [`${created} that ${created === 1 ? 'was' : 'were'} missing ${verb(created)} made`]
      : []),
    ...(skipped > 0 ? [`${skipped} left alone`] : []),
  ];
  return `${countOf(messages, 'message', 'messages')}: ${parts.join(', ')}.`;
}
