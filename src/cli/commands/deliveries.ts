import { defineCommand } from '../command.ts';
import { describeDeliveries } from '../describe-delivery.ts';
import { everyPage } from '../every-page.ts';
import { addRangeFlags, type RangeFlags, toRange } from '../range-flags.ts';
import { countFlag } from '../flag-values.ts';
import { addStateFlag, type StateFlag } from '../state-flag.ts';

interface DeliveriesFlags extends RangeFlags, StateFlag {
  readonly message?: string;
  readonly limit: number;
}

export const deliveries = defineCommand<[id: string | undefined], DeliveriesFlags>({
  name: 'deliveries',
  summary: 'List deliveries, newest first, of all endpoints or of one',
  examples: [
    'deliveries',
    'deliveries ep_2fJ8mGkq --state exhausted,failed --since 24h',
    'deliveries --message msg_8Kd2',
  ],
  define(command) {
    command.argument('[id]', 'id of an endpoint').option('--message <id>', 'only those of this message');
    addStateFlag(command);
    addRangeFlags(command);
    command.option('--limit <n>', 'at most so many', countFlag(1_000_000), 20);
  },
  run: (cli, [id], flags) =>
    cli.use(async ({ client }) => {
      const query = { ...toRange(flags), state: flags.state };
      const { items, nextCursor } = await everyPage(
        (page) =>
          id === undefined || flags.message !== undefined
            ? client.deliveries.list({ ...query, ...page, webhook_id: id, message_id: flags.message })
            : client.webhooks.deliveries(id, { ...query, ...page }),
        flags.limit,
      );
      cli.output.answer({ data: items, next_cursor: nextCursor }, () =>
        describeDeliveries(items, cli.output),
      );
      if (nextCursor !== undefined) cli.output.note('There are more: --limit shows them.');
    }),
});
