import { Counter, Histogram, register, type Registry } from 'prom-client';
import type { WebhookDispatcher } from '../dispatcher.ts';
import { OptionsError } from '../errors.ts';
import { createGauges } from './gauges.ts';
import { METRICS } from './metrics.ts';
import {
  type MetricLabel,
  type PrometheusOptions,
  type ResolvedPrometheusOptions,
  resolvePrometheusOptions,
} from './prometheus-options.ts';

/**
 * Makes what a dispatcher does readable by Prometheus: counters of messages, deliveries, attempts and errors of this process, a histogram of how long
 * attempts take, and gauges of what waits, which are read when somebody scrapes.
 *
 * @returns the function that ends it: listeners are gone, the metrics are no longer registered
 * @throws OptionsError for wrong options
 * @throws Error of prom-client when the registry has metrics of these names: give each dispatcher its own `prefix`, or `registry`
 *
 * @example
 * collectMetrics(dispatcher);
 * app.get('/metrics', async (_request, response) => response.type('text/plain').send(await register.metrics()));
 */
export function collectMetrics(dispatcher: WebhookDispatcher, options: PrometheusOptions = {}): () => void {
  if (typeof (dispatcher as Partial<WebhookDispatcher> | undefined)?.health !== 'function')
    throw new OptionsError('dispatcher', 'dispatcher: expected a WebhookDispatcher as the first argument.');
  const resolved = resolvePrometheusOptions(options);
  const registry = resolved.registry ?? register;
  const gauges = createGauges(dispatcher, registry, resolved.prefix);
  const stopCounting = count(dispatcher, registry, resolved);
  return () => {
    for (const stop of stopCounting) stop();
    for (const name of [...Object.keys(METRICS.counters), ...Object.keys(METRICS.histograms), ...gauges])
      registry.removeSingleMetric(resolved.prefix + name);
  };
}

interface Subject {
  readonly message: { readonly type: string; readonly tenant: string };
  readonly endpoint?: { readonly id: string };
}

function count(
  dispatcher: WebhookDispatcher,
  registry: Registry,
  { prefix, labels, buckets }: ResolvedPrometheusOptions,
): readonly (() => void)[] {
  const counter = (name: keyof typeof METRICS.counters, own: readonly string[], shared = labels): Counter =>
    new Counter({
      name: prefix + name,
      help: METRICS.counters[name].help,
      labelNames: [...own, ...shared],
      registers: [registry],
    });
  const ofMessages = labels.filter((label) => label !== 'endpoint_id');
  const accepted = counter('messages_accepted_total', [], ofMessages);
  const attempts = counter('attempts_total', ['outcome']);
  const deliveries = counter('deliveries_total', ['state']);
  const errors = counter('errors_total', ['code'], []);
  const duration = new Histogram({
    name: `${prefix}attempt_duration_seconds`,
    help: METRICS.histograms.attempt_duration_seconds.help,
    labelNames: ['outcome', ...labels],
    buckets: [...buckets],
    registers: [registry],
  });
  const attempted = (
    outcome: 'delivered' | 'failed',
    event: Subject & { readonly durationMs: number },
  ): void => {
    const values = { outcome, ...labelsOf(event, labels) };
    attempts.inc(values);
    duration.observe(values, event.durationMs / 1000);
  };
  const ended = (state: string, event: Subject): void =>
    deliveries.inc({ state, ...labelsOf(event, labels) });
  return [
    dispatcher.on('message.accepted', (event) => accepted.inc(labelsOf(event, ofMessages))),
    dispatcher.on('delivery.succeeded', (event) => {
      if (event.test) return;
      attempted('delivered', event);
      ended('succeeded', event);
    }),
    dispatcher.on('delivery.retrying', (event) => {
      if (!event.test) attempted('failed', event);
    }),
    dispatcher.on('delivery.exhausted', (event) => {
      if (event.test) return;
      attempted('failed', event);
      ended('exhausted', event);
    }),
    dispatcher.on('delivery.failed', (event) => ended('failed', event)),
    dispatcher.on('delivery.discarded', (event) => ended('discarded', event)),
    dispatcher.on('error', ({ error }) => errors.inc({ code: error.code })),
  ];
}

function labelsOf({ message, endpoint }: Subject, labels: readonly MetricLabel[]): Record<string, string> {
  const values = { event_type: message.type, tenant: message.tenant, endpoint_id: endpoint?.id ?? '' };
  return Object.fromEntries(labels.map((label) => [label, values[label]]));
}
