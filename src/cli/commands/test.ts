import { defineCommand } from '../command.ts';
import { everyPage } from '../every-page.ts';
import { CliError, EXIT_CODE, type ExitCode } from '../exit-code.ts';
import type { TestResultResource, WebhookClient } from '../../http/index.ts';
import { withOwnDetails } from '../own-details.ts';
import { formatFields } from '../output/format-table.ts';
import { formatDuration } from '../output/format-time.ts';
import type { Output } from '../output/output.ts';

export const test = defineCommand<[target: string]>({
  name: 'test',
  summary: 'Send a test message to an endpoint now, and show what came of it',
  description:
    'Sent once, whatever the state of the endpoint. With a store this process sends it itself, by its own network rules, so functions and keys that the endpoint needs must be in posthorn.config.mjs. Exit code 1 when it was not delivered.',
  examples: [
    'test ep_2fJ8mGkq',
    'test https://api.example.com/webhook',
    'test ep_2fJ8mGkq --allow-private 127.0.0.0/8',
  ],
  define: (command) => void command.argument('<url|id>', 'id of the endpoint, or its URL'),
  run: (cli, [target]) =>
    cli.use(async ({ client, local }): Promise<ExitCode> => {
      const id = /^https?:\/\//i.test(target) ? await findByUrl(client, target) : target;
      const sent = await client.webhooks.test(id);
      const { attempt_log: log } = await withOwnDetails(await client.deliveries.get(sent.delivery_id), local);
      const result = { ...sent, detail: log.at(-1)?.detail ?? sent.detail };
      cli.output.answer(result, () => describe(result, cli.output));
      const advice = local === undefined ? undefined : adviceFor(result, local.configuration);
      if (advice !== undefined) cli.output.note(advice);
      return result.delivered ? EXIT_CODE.done : EXIT_CODE.answerIsNo;
    }),
});

async function findByUrl(client: WebhookClient, url: string): Promise<string> {
  const wanted = normalize(url);
  const { items } = await everyPage((page) => client.webhooks.list(page));
  const found = items.filter((webhook) => normalize(webhook.url) === wanted);
  if (found.length === 1) return found[0]!.id;
  if (found.length === 0)
    throw new CliError(EXIT_CODE.notFound, `No endpoint has this URL. Add it first: posthorn add ${url}`);
  throw new CliError(
    EXIT_CODE.wrongUse,
    `${found.length} endpoints have this URL; name one by its id: ${found.map(({ id }) => id).join(', ')}.`,
  );
}

function normalize(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url;
}

function describe(result: TestResultResource, output: Output): string {
  const { delivered, status, response } = result;
  return formatFields([
    ['Result', delivered ? 'delivered' : 'not delivered'],
    ['Status', status],
    ['Reason', result.reason],
    ['Detail', result.detail],
    ['Took', formatDuration(result.duration_ms)],
    ['Answer', response === undefined || response.body === '' ? undefined : firstPart(response.body)],
    ['Delivery', result.delivery_id],
  ]).replace(
    // The first line; what stands in the others is of strangers.
    /^(Result: +)(.*)/,
    (_line, name: string, word: string) => name + output.tone(delivered ? 'good' : 'bad', word),
  );
}

function firstPart(body: string): string {
  return body.length > 200 ? `${body.slice(0, 200)}…` : body;
}

/** What is missing here that the application has. */
function adviceFor(
  { outcome, reason }: TestResultResource,
  configuration: string | undefined,
): string | undefined {
  if (reason === 'blocked' || reason === 'url_refused')
    return 'The address is refused. Allow private ones with --allow-private CIDR, or with network.allowPrivate in posthorn.config.mjs.';
  if (outcome !== 'dispatcher_failed') return undefined;
  return configuration === undefined
    ? 'It was not sent. What the endpoint needs is the application’s: export its options from posthorn.config.mjs, or ask the application with --url.'
    : `It was not sent. Look whether ${configuration} exports all options that the application has.`;
}
