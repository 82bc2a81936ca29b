import { defineCommand } from '../command.ts';

export const remove = defineCommand<[id: string]>({
  name: 'remove',
  summary: 'Remove an endpoint for good; what waits for it is discarded',
  examples: ['remove ep_2fJ8mGkq'],
  define: (command) => void command.argument('<id>', 'id of the endpoint'),
  run: (cli, [id]) =>
    cli.use(async ({ client }) => {
      const removed = await client.webhooks.remove(id);
      cli.output.answer(removed, () => `Removed ${removed.id}.`);
    }),
});
