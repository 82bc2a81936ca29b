import { defineCommand } from '../command.ts';
import type { StatsResource } from '../../http/index.ts';
import { timeFlag } from '../flag-values.ts';
import { formatFields } from '../output/format-table.ts';
import { formatDuration, formatTime } from '../output/format-time.ts';

export const stats = defineCommand<
  [id: string | undefined],
  { readonly since?: number; readonly until?: number }
>({
  name: 'stats',
  summary: 'Show deliveries in numbers, of all endpoints or of one',
  examples: ['stats', 'stats ep_2fJ8mGkq --since 24h'],
  define: (command) =>
    void command
      .argument('[id]', 'id of an endpoint')
      .option('--since <time>', 'only deliveries created since: a time, or how long ago (24h)', timeFlag)
      .option('--until <time>', 'only deliveries created before', timeFlag),
  run: (cli, [id], { since, until }) =>
    cli.use(async ({ client }) => {
      const query = { since, until };
      const counted =
        id === undefined ? await client.queue.stats(query) : await client.webhooks.stats(id, query);
      cli.output.answer(counted, () => describe(counted));
    }),
});

function describe(stats: StatsResource): string {
  const { latency, success_rate: rate } = stats;
  return formatFields([
    ['Deliveries', stats.total_deliveries],
    ['Successful', stats.successful_deliveries],
    ['Failed', stats.failed_deliveries],
    // The counts above are of all time, the rate is not.
    ['Success rate of what is kept', rate === undefined ? undefined : `${(rate * 100).toFixed(1)} %`],
    ['Pending', stats.pending_deliveries],
    ['Waiting for a retry', stats.retry_queue_size],
    ['Messages not matched', stats.unmatched_messages],
    ['States on record', describeStates(stats.by_state)],
    ['Latency', latency.count === 0 ? undefined : describeLatency(latency)],
    ['Last delivered', formatTime(stats.last_delivered_at)],
    ['Last failed', formatTime(stats.last_failed_at)],
    ['Failures in a row', stats.consecutive_failures],
  ]);
}

function describeStates(states: StatsResource['by_state']): string | undefined {
  const some = Object.entries(states).filter(([, count]) => count > 0);
  return some.length === 0 ? undefined : some.map(([state, count]) => `${count} ${state}`).join(', ');
}

function describeLatency({ p50_ms: p50, p95_ms: p95, p99_ms: p99 }: StatsResource['latency']): string {
  return Object.entries({ p50, p95, p99 })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${formatDuration(value!)}`)
    .join(', ');
}
