/** `retry` and `cancel` of single deliveries. */
import { type Cli, defineCommand } from '../command.ts';
import { stateOf } from '../describe-delivery.ts';
import { EXIT_CODE, type ExitCode } from '../exit-code.ts';
import { exitCodeOf, messageOf } from '../failure.ts';
import { printable } from '../output/printable.ts';

export const retry = defineCommand<[ids: readonly string[]]>({
  name: 'retry',
  summary: 'Try deliveries again: due now, with a fresh run of their retries',
  description:
    'Ids that are not there are told of; the others are tried all the same. For many at once see posthorn replay.',
  examples: ['retry dlv_9fK3'],
  define: (command) => void command.argument('<ids...>', 'ids of deliveries'),
  run: (cli, [ids]) =>
    cli.use(({ client }) =>
      forEach(cli, ids, async (id) => {
        const delivery = await client.deliveries.retry(id);
        cli.output.answer(delivery, () =>
          delivery.state === 'sending' ? `${id} is being sent.` : `${id} is due now.`,
        );
      }),
    ),
});

export const cancel = defineCommand<[ids: readonly string[]]>({
  name: 'cancel',
  summary: 'Call deliveries off; those that have ended stay as they are',
  examples: ['cancel dlv_9fK3'],
  define: (command) => void command.argument('<ids...>', 'ids of deliveries'),
  run: (cli, [ids]) =>
    cli.use(({ client }) =>
      forEach(cli, ids, async (id) => {
        const delivery = await client.deliveries.cancel(id);
        cli.output.answer(delivery, () => `${id}: ${stateOf(delivery)}.`);
      }),
    ),
});

/** One that is not there, or refuses, keeps none of the others back: it is told of, and what the command ends with is that of the last of them. */
async function forEach(
  { terminal }: Cli,
  ids: readonly string[],
  act: (id: string) => Promise<void>,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODE.done;
  for (const id of ids) {
    try {
      await act(id);
    } catch (error) {
      exitCode = exitCodeOf(error);
      if (ids.length === 1 || (exitCode !== EXIT_CODE.notFound && exitCode !== EXIT_CODE.refused))
        throw error;
      terminal.tell(`${id}: ${printable(messageOf(error))}`);
    }
  }
  return exitCode;
}
