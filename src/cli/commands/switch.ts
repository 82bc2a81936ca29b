/** `enable` and `disable`: one endpoint, or everything. */
import { confirm } from '../confirm.ts';
import { defineCommand } from '../command.ts';
import { expectLocal } from '../expect-local.ts';

export const enable = defineCommand<[id: string | undefined]>({
  name: 'enable',
  summary: 'Enable an endpoint again, or everything after `posthorn disable`',
  examples: ['enable', 'enable ep_2fJ8mGkq'],
  define: (command) => void command.argument('[id]', 'id of an endpoint (default: everything)'),
  run: (cli, [id]) =>
    cli.use(async (session) => {
      if (id === undefined) {
        await expectLocal(session, 'Enabling everything').dispatcher.resume();
        cli.output.answer({ enabled: true }, () => 'Everything is enabled.');
        return;
      }
      const webhook = await session.client.webhooks.update(id, { active: true });
      cli.output.answer(webhook, () => `Enabled ${webhook.id}.`);
    }),
});

export const disable = defineCommand<
  [id: string | undefined],
  { readonly discard?: boolean; readonly yes?: boolean }
>({
  name: 'disable',
  summary: 'Disable an endpoint, or everything until `posthorn enable`',
  description:
    'One endpoint: messages for it are discarded, and on record. Everything: messages wait, or are discarded with --discard. It holds for all processes and over restarts.',
  examples: ['disable', 'disable --discard --yes', 'disable ep_2fJ8mGkq'],
  define: (command) =>
    void command
      .argument('[id]', 'id of an endpoint (default: everything)')
      .option('--discard', 'everything: discard what is emitted meanwhile, instead of keeping it')
      .option('-y, --yes', 'do not ask'),
  run: (cli, [id], { discard = false, yes }) =>
    cli.use(async (session) => {
      if (id !== undefined) {
        const webhook = await session.client.webhooks.update(id, { active: false });
        cli.output.answer(webhook, () => `Disabled ${webhook.id}.`);
        return;
      }
      const { dispatcher, text } = expectLocal(session, 'Disabling everything');
      await confirm(cli, yes, `Nothing of ${text} will be sent until posthorn enable. Go on?`);
      await dispatcher.pause({ whilePaused: discard ? 'discard' : 'hold' });
      cli.output.answer(
        { enabled: false, while_disabled: discard ? 'discard' : 'hold' },
        () => `Everything is disabled. What is emitted meanwhile ${discard ? 'is discarded' : 'waits'}.`,
      );
    }),
});
