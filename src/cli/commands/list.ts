import { defineCommand } from '../command.ts';
import { describeEndpoints } from '../describe-endpoint.ts';
import { everyPage } from '../every-page.ts';
import { countFlag } from '../flag-values.ts';

export const list = defineCommand<[], { readonly limit?: number }>({
  name: 'list',
  summary: 'List the endpoints, with their counters',
  examples: ['list', 'list --store sqlite:./webhooks.db --json'],
  define(command) {
    command.option('--limit <n>', 'at most so many (default: all)', countFlag(1_000_000));
  },
  run: (cli, _args, { limit }) =>
    cli.use(async ({ client }) => {
      const { items, nextCursor } = await everyPage((page) => client.webhooks.list(page), limit);
      cli.output.answer({ data: items, next_cursor: nextCursor }, () => describeEndpoints(items, cli.output));
    }),
});
