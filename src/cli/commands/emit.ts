import { defineCommand } from '../command.ts';
import { jsonObjectFlag, timeFlag } from '../flag-values.ts';
import { countOf } from '../output/count-of.ts';
import { readJsonArgument } from '../read-json-argument.ts';

interface EmitFlags {
  readonly idempotencyKey?: string;
  readonly orderingKey?: string;
  readonly metadata?: Record<string, unknown>;
  readonly timestamp?: number;
}

export const emit = defineCommand<[type: string, data: string], EmitFlags>({
  name: 'emit',
  summary: 'Emit an event',
  description:
    'It is stored when the command ends. The application matches it to endpoints and sends it, at once or when it runs again; an event catalog of the application is never passed by.',
  examples: [
    `emit job.completed '{"job_id":"42"}'`,
    'emit job.completed @job.json --idempotency-key job-42',
    'emit report.ready - < report.json',
  ],
  define: (command) =>
    void command
      .argument('<type>', 'event type: job.completed')
      .argument('<json>', 'the data as JSON; @file reads a file, - reads what comes in')
      .option('--idempotency-key <key>', 'a second emit with the same key and content stores nothing')
      .option('--ordering-key <key>', 'endpoints with the ordering key get the messages of one key in order')
      .option('--metadata <json>', 'what filters see and receivers do not', jsonObjectFlag)
      .option('--timestamp <time>', 'when it happened (default: now)', timeFlag),
  async run(cli, [type, json], flags) {
    const data = await readJsonArgument(json, cli.terminal);
    await cli.use(
      async ({ client, local }) => {
        const { idempotencyKey } = flags;
        const receipt = await client.messages.create(
          {
            event_type: type,
            data,
            metadata: flags.metadata,
            ordering_key: flags.orderingKey,
            timestamp: flags.timestamp,
          },
          idempotencyKey === undefined ? {} : { idempotencyKey },
        );
        const told =
          local === undefined
            ? receipt.deliveries.length === 0
              ? 'to no endpoint yet; nobody asks for it, or a process that delivers finds out who does'
              : `to ${countOf(receipt.deliveries.length, 'endpoint', 'endpoints')}`
            : 'the application sends it to the endpoints that ask for it';
        cli.output.answer(receipt, () =>
          receipt.duplicate ? `${receipt.id} was stored before.` : `Stored ${receipt.id}: ${told}.`,
        );
      },
      { mayCreate: true },
    );
  },
});
