/**
 * What a dispatcher does, for Prometheus. Needs the package `prom-client`.
 *
 * @module
 */
export { collectMetrics } from './collect-metrics.ts';
export { METRIC_LABELS, type MetricLabel, type PrometheusOptions } from './prometheus-options.ts';
