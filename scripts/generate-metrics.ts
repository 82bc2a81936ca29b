/** The reference of the metrics of `posthorn/prometheus`. */
import { METRICS } from '../src/prometheus/metrics.ts';
import { DEFAULT_BUCKETS, METRIC_LABELS } from '../src/prometheus/prometheus-options.ts';
import { cell, code, page, table } from './reference/markdown.ts';

const LABELS: Readonly<Record<string, string>> = {
  messages_accepted_total: '`labels`, without `endpoint_id`',
  attempts_total: '`outcome`, `labels`',
  deliveries_total: '`state`, `labels`',
  errors_total: '`code`',
  attempt_duration_seconds: '`outcome`, `labels`',
  deliveries: '`state`',
};

export function generate(): Promise<Map<string, string>> {
  const rows = Object.entries(METRICS).flatMap(([kind, metrics]) =>
    Object.entries<{ readonly help: string }>(metrics).map(([name, { help }]) => [
      code(`posthorn_${name}`),
      kind.slice(0, -1),
      LABELS[name] ?? '',
      cell(help),
    ]),
  );
  const text = page(
    '# Metrics',
    'What `collectMetrics` of `posthorn/prometheus` registers, with the default prefix; `labels` are those of its option, `event_type` unless ' +
      'told otherwise. [The guide](../guides/operations.md#prometheus) says how they are read.',
    table(['metric', 'type', 'labels', 'meaning'], rows),
    `\`labels\` may be ${METRIC_LABELS.map(code).join(', ')}: the type of the event, the id of the endpoint, the tenant of both. The buckets of the histogram, ` +
      `in seconds, are ${DEFAULT_BUCKETS.join(', ')} and +Inf, unless the option \`buckets\` says otherwise. As any histogram of Prometheus, ` +
      'it is read as `posthorn_attempt_duration_seconds_bucket` with the label `le`, `…_sum` and `…_count`.',
  );
  return Promise.resolve(new Map([['docs/reference/metrics.md', text]]));
}
