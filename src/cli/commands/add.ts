import { defineCommand } from '../command.ts';
import { describeEndpoint } from '../describe-endpoint.ts';
import { addEndpointFlags, type EndpointFlags, toWebhookInput } from '../endpoint-flags.ts';
import { listFlag } from '../flag-values.ts';

export const add = defineCommand<
  [url: string, name: string | undefined, events: readonly string[] | undefined],
  EndpointFlags & { readonly inactive?: boolean }
>({
  name: 'add',
  summary: 'Add an endpoint',
  description:
    'Events are types and patterns, separated by commas: job.completed,user.* (default: all). The signing secret is generated and printed once.',
  examples: [
    'add https://api.example.com/webhook "My app"',
    'add https://api.example.com/webhook "My app" match,upload',
    'add https://api.example.com/webhook --header "X-Team: blue" --rate-limit 100/1m',
  ],
  define(command) {
    command
      .argument('<url>', 'where requests go')
      .argument('[name]', 'short name for people')
      .argument('[events]', 'event types and patterns', listFlag);
    addEndpointFlags(command);
    command.option('--inactive', 'disabled at first');
  },
  run: (cli, [url, name, events], flags) =>
    cli.use(
      async ({ client }) => {
        const created = await client.webhooks.create({
          ...toWebhookInput(flags),
          url,
          name,
          events: events === undefined ? undefined : [...events],
          active: flags.inactive === true ? false : undefined,
        });
        cli.output.answer(created, () => describeEndpoint(created));
        const isHidden = flags.secret === undefined && created.secrets.length > 0;
        if (created.secret === undefined && isHidden)
          cli.output.note(
            '\nIts secret was generated and is not shown, because this key has not the scope secrets. With one that has: posthorn rotate-secret',
          );
        if (created.secret !== undefined)
          cli.output.note(
            `\nSecret, for the receiver to verify with; it is not shown again:\n  ${created.secret}${created.public_key === undefined ? '' : `\nPublic key: ${created.public_key}`}`,
          );
      },
      { mayCreate: true },
    ),
});
