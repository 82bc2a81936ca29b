/** `retry` and `cancel` of single deliveries. */
import { defineCommand } from '../command.ts';
import { stateOf } from '../describe-delivery.ts';

export const retry = defineCommand<[ids: readonly string[]]>({
  name: 'retry',
  summary: 'Try deliveries again: due now, with a fresh run of their retries',
  description: 'For many at once see posthorn replay.',
  examples: ['retry dlv_9fK3'],
  define: (command) => void command.argument('<ids...>', 'ids of deliveries'),
  run: (cli, [ids]) =>
    cli.use(async ({ client }) => {
      for (const id of ids) {
        const delivery = await client.deliveries.retry(id);
        cli.output.answer(delivery, () =>
          delivery.state === 'sending' ? `${id} is being sent.` : `${id} is due now.`,
        );
      }
    }),
});

export const cancel = defineCommand<[ids: readonly string[]]>({
  name: 'cancel',
  summary: 'Call deliveries off; those that have ended stay as they are',
  examples: ['cancel dlv_9fK3'],
  define: (command) => void command.argument('<ids...>', 'ids of deliveries'),
  run: (cli, [ids]) =>
    cli.use(async ({ client }) => {
      for (const id of ids) {
        const delivery = await client.deliveries.cancel(id);
        cli.output.answer(delivery, () => `${id}: ${stateOf(delivery)}.`);
      }
    }),
});
