import { defineCommand } from '../command.ts';
import { describeEndpoint } from '../describe-endpoint.ts';
import { addEndpointFlags, type EndpointFlags, toWebhookInput } from '../endpoint-flags.ts';
import { CliError, EXIT_CODE } from '../exit-code.ts';
import { countFlag, listFlag } from '../flag-values.ts';

interface UpdateFlags extends EndpointFlags {
  readonly endpointUrl?: string;
  readonly name?: string;
  readonly events?: readonly string[];
  readonly removeHeader?: readonly string[];
  readonly unset?: readonly string[];
  readonly revision?: number;
}

/** Settings that can be taken away, so that the default holds again. */
const REMOVABLE: Readonly<Record<string, string>> = {
  name: 'name',
  description: 'description',
  events: 'events',
  filter: 'filters',
  headers: 'headers',
  retry: 'retry_config',
  timeout: 'timeout_ms',
  'rate-limit': 'rate_limit',
  ordering: 'ordering',
  metadata: 'metadata',
};

export const update = defineCommand<[id: string], UpdateFlags>({
  name: 'update',
  summary: 'Change settings of an endpoint',
  description: 'What is not named stays as it is. Deliveries that wait go by the new settings.',
  examples: [
    'update ep_2fJ8mGkq --events job.completed,job.failed',
    'update ep_2fJ8mGkq --endpoint-url https://api.example.com/v2 --remove-header X-Team --unset filter',
  ],
  define(command) {
    command
      .argument('<id>', 'id of the endpoint')
      .option('--endpoint-url <url>', 'where requests go')
      .option('--name <name>', 'short name for people')
      .option('--events <events>', 'event types and patterns, separated by commas', listFlag);
    addEndpointFlags(command);
    command
      .option('--remove-header <names>', 'headers to take away', listFlag)
      .option('--unset <settings>', `settings to take away: ${Object.keys(REMOVABLE).join(', ')}`, listFlag)
      .option('--revision <n>', 'refuse when it was changed since this revision', countFlag(2 ** 53 - 1));
  },
  run: (cli, [id], flags) =>
    cli.use(async ({ client }) => {
      const patch = toPatch(flags);
      if (Object.keys(patch).length === 0)
        throw new CliError(
          EXIT_CODE.wrongUse,
          'Nothing to change: name a setting. See posthorn update --help.',
        );
      const webhook = await client.webhooks.update(id, patch, { revision: flags.revision });
      cli.output.answer(webhook, () => describeEndpoint(webhook));
    }),
});

function toPatch(flags: UpdateFlags): object {
  const { endpointUrl: url, name, events, removeHeader = [], unset = [] } = flags;
  const { headers, ...given } = toWebhookInput(flags);
  const removed = Object.fromEntries(removeHeader.map((header) => [header, null]));
  const isAboutHeaders = headers !== undefined || removeHeader.length > 0;
  return {
    ...given,
    ...(isAboutHeaders ? { headers: { ...headers, ...removed } } : {}),
    ...(url === undefined ? {} : { url }),
    ...(name === undefined ? {} : { name }),
    ...(events === undefined ? {} : { events }),
    ...Object.fromEntries(unset.map((setting) => [memberOf(setting), null])),
  };
}

function memberOf(setting: string): string {
  const member = Object.hasOwn(REMOVABLE, setting) ? REMOVABLE[setting] : undefined;
  if (member !== undefined) return member;
  throw new CliError(
    EXIT_CODE.wrongUse,
    `--unset: expected one of ${Object.keys(REMOVABLE).join(', ')}; got ${JSON.stringify(setting)}.`,
  );
}
