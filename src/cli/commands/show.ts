import { defineCommand } from '../command.ts';
import { describeEndpoint } from '../describe-endpoint.ts';

export const show = defineCommand<[id: string]>({
  name: 'show',
  summary: 'Show an endpoint with all its settings',
  examples: ['show ep_2fJ8mGkq'],
  define: (command) => void command.argument('<id>', 'id of the endpoint'),
  run: (cli, [id]) =>
    cli.use(async ({ client }) => {
      const webhook = await client.webhooks.get(id);
      cli.output.answer(webhook, () => describeEndpoint(webhook));
    }),
});
