/** The reference of the metrics of `posthorn/prometheus`. */
import { METRICS } from '../src/prometheus/metrics.ts';
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
  );
  return Promise.resolve(new Map([['docs/reference/metrics.md', text]]));
}
