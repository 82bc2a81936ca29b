import { defineCommand } from '../command.ts';
import { describeDelivery } from '../describe-delivery.ts';
import { withOwnDetails } from '../own-details.ts';

export const attempts = defineCommand<[id: string]>({
  name: 'attempts',
  summary: 'Show a delivery with all its attempts',
  examples: ['attempts dlv_9fK3'],
  define: (command) => void command.argument('<id>', 'id of the delivery'),
  run: (cli, [id]) =>
    cli.use(async ({ client, local }) => {
      const delivery = await withOwnDetails(await client.deliveries.get(id), local);
      cli.output.answer(delivery, () => describeDelivery(delivery, cli.output));
    }),
});
