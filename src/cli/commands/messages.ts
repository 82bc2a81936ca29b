import { defineCommand } from '../command.ts';
import { describeDeliveries } from '../describe-delivery.ts';
import { everyPage } from '../every-page.ts';
import { countFlag } from '../flag-values.ts';
import { formatFields, formatTable } from '../output/format-table.ts';
import { formatTime } from '../output/format-time.ts';
import { printable } from '../output/printable.ts';
import { addRangeFlags, type RangeFlags, toRange } from '../range-flags.ts';
import type { MessageDetailResource, MessageResource } from '../../http/index.ts';
import type { Output } from '../output/output.ts';

const NOT_MATCHED = 'not yet; a running application matches it with endpoints, and delivers it';

export const messages = defineCommand<[id: string | undefined], RangeFlags & { readonly limit: number }>({
  name: 'messages',
  summary: 'List messages, newest first, or show one with its data and deliveries',
  examples: ['messages --type job.completed --since 24h', 'messages msg_8Kd2'],
  define(command) {
    command.argument('[id]', 'id of a message');
    addRangeFlags(command);
    command.option('--limit <n>', 'at most so many', countFlag(1_000_000), 20);
  },
  run: (cli, [id], flags) =>
    cli.use(async ({ client }) => {
      if (id !== undefined) {
        const message = await client.messages.get(id);
        const { items } = await everyPage((page) => client.deliveries.list({ message_id: id, ...page }));
        cli.output.answer({ ...message, deliveries: items }, () =>
          message.fanned_out
            ? `${describeOne(message)}\n\n${describeDeliveries(items, cli.output)}`
            : describeOne(message),
        );
        return;
      }
      const { items, nextCursor } = await everyPage(
        (page) => client.messages.list({ ...toRange(flags), ...page }),
        flags.limit,
      );
      cli.output.answer({ data: items, next_cursor: nextCursor }, () => describeAll(items, cli.output));
      if (nextCursor !== undefined) cli.output.note('There are more: --limit shows them.');
      if (items.some((message) => !message.fanned_out)) cli.output.note(`MATCHED no: ${NOT_MATCHED}.`);
    }),
});

function describeOne(message: MessageDetailResource): string {
  const fields = formatFields([
    ['Message', message.id],
    ['Event', message.event_type],
    ['Happened', formatTime(message.timestamp)],
    ['Stored', formatTime(message.created_at)],
    ['Matched', message.fanned_out ? undefined : NOT_MATCHED],
    ['Idempotency key', message.idempotency_key],
    ['Ordering key', message.ordering_key],
    ['Metadata', message.metadata === undefined ? undefined : JSON.stringify(message.metadata)],
  ]);
  return `${fields}\n\n${printable(JSON.stringify(message.data, undefined, 2))}`;
}

function describeAll(items: readonly MessageResource[], output: Output): string {
  if (items.length === 0) return 'No messages.';
  return formatTable(items, [
    { heading: 'STORED', cell: (message) => formatTime(message.created_at) },
    { heading: 'ID', cell: ({ id }) => id },
    { heading: 'EVENT', cell: (message) => message.event_type },
    { heading: 'MATCHED', cell: (message) => (message.fanned_out ? 'yes' : 'no') },
    { heading: 'IDEMPOTENCY KEY', cell: (message) => message.idempotency_key },
  ]).replace(/^.*/, (heading) => output.tone('strong', heading));
}
