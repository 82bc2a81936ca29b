import { defineCommand } from '../command.ts';
import { everyPage } from '../every-page.ts';
import { jsonObjectFlag } from '../flag-values.ts';
import { formatTable } from '../output/format-table.ts';
import { readJsonArgument } from '../read-json-argument.ts';

interface ExplainFlags {
  readonly metadata?: Record<string, unknown>;
  readonly endpoint?: string;
}

export const explain = defineCommand<[type: string, data: string], ExplainFlags>({
  name: 'explain',
  summary: 'Say which endpoints would get an event, and why the others would not; nothing is sent',
  examples: [
    `explain job.completed '{"job_id":"42"}'`,
    `explain job.completed @job.json --endpoint ep_2fJ8mGkq`,
  ],
  define: (command) =>
    void command
      .argument('<type>', 'event type: job.completed')
      .argument('<json>', 'the data as JSON; @file reads a file, - reads what comes in')
      .option('--metadata <json>', 'what filters see', jsonObjectFlag)
      .option('--endpoint <id>', 'only this endpoint'),
  async run(cli, [type, json], { metadata, endpoint }) {
    const data = await readJsonArgument(json, cli.terminal);
    await cli.use(async ({ client, local }) => {
      const asked = { event_type: type, data, metadata, webhook_id: endpoint };
      // What the network rules and functions of the application are, only its configuration tells.
      const isUnknown = (reason: string): boolean =>
        local !== undefined &&
        local.configuration === undefined &&
        /allowPrivate|not registered/.test(reason);
      const { items } = await everyPage((page) => client.explain({ ...asked, ...page }));
      cli.output.answer({ data: items }, () =>
        items.length === 0
          ? 'No endpoints.'
          : formatTable(items, [
              { heading: 'ENDPOINT', cell: (found) => found.webhook_id },
              { heading: 'NAME', cell: ({ name }) => name },
              {
                heading: 'GETS IT',
                cell: ({ receives, reason }) =>
                  receives ? 'yes' : isUnknown(reason) ? 'not known here' : 'no',
              },
              { heading: 'WHY', cell: ({ reason }) => reason },
            ]),
      );
      if (
        local !== undefined &&
        local.configuration === undefined &&
        items.some(({ reason }) => reason.includes('allowPrivate'))
      )
        cli.output.note(
          'The network rules are those of this command: what the application allows, say with --allow-private CIDR or in posthorn.config.mjs.',
        );
    });
  },
});
