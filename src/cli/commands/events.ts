import { defineCommand } from '../command.ts';
import type { EventTypeResource } from '../../http/index.ts';
import { formatTable } from '../output/format-table.ts';

export const events = defineCommand({
  name: 'events',
  summary: 'List the event types of the catalog of the application',
  description:
    'With a store the catalog comes from posthorn.config.mjs; --json adds JSON Schemas and examples.',
  examples: ['events', 'events --url https://app.example.com/api --json'],
  run: (cli) =>
    cli.use(async ({ client, local }) => {
      const types = await client.eventTypes();
      cli.output.answer({ data: types }, () => describe(types, local !== undefined));
    }),
});

function describe(types: readonly EventTypeResource[], isLocal: boolean): string {
  if (types.length === 0)
    return isLocal
      ? 'No event catalog. Where the application has one, export it from posthorn.config.mjs, or ask with --url.'
      : 'The application has no event catalog.';
  return formatTable(types, [
    { heading: 'EVENT', cell: (type) => type.event_type },
    { heading: 'DESCRIPTION', cell: ({ description }) => description },
    {
      heading: 'DEPRECATED',
      cell: ({ deprecated }) => (deprecated === false ? undefined : String(deprecated)),
    },
  ]);
}
