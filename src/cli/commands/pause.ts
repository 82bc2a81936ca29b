/** `pause` and `resume` of an endpoint. */
import { defineCommand } from '../command.ts';

export const pause = defineCommand<[id: string]>({
  name: 'pause',
  summary: 'Hold the deliveries of an endpoint; they wait until `posthorn resume`',
  examples: ['pause ep_2fJ8mGkq'],
  define: (command) => void command.argument('<id>', 'id of the endpoint'),
  run: (cli, [id]) =>
    cli.use(async ({ client }) => {
      const webhook = await client.webhooks.pause(id);
      cli.output.answer(webhook, () => `Paused ${webhook.id}. What comes for it waits.`);
    }),
});

export const resume = defineCommand<[id: string]>({
  name: 'resume',
  summary: 'Send what was held, also where a receiver or the circuit breaker blocks',
  examples: ['resume ep_2fJ8mGkq'],
  define: (command) => void command.argument('<id>', 'id of the endpoint'),
  run: (cli, [id]) =>
    cli.use(async ({ client }) => {
      const webhook = await client.webhooks.resume(id);
      cli.output.answer(webhook, () => `Resumed ${webhook.id}.`);
    }),
});
