import type { Registry } from 'prom-client';
import { z } from 'zod';
import { parseInput } from '../core/parse-input.ts';

/** Labels that metrics about messages and deliveries may have. */
export const METRIC_LABELS = ['event_type', 'endpoint_id', 'tenant'] as const;
/** One of them. */
export type MetricLabel = (typeof METRIC_LABELS)[number];

/** Upper bounds of the histogram of attempts that no option changes, in seconds; docs/reference/metrics.md lists them. */
export const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** Options of `collectMetrics`. All are optional; unknown keys are errors. */
export interface PrometheusOptions {
  /** Where the metrics are registered. Default: the default registry of prom-client, `register`. */
  registry?: Registry | undefined;
  /** Begins every name. Letters, digits and `_`. Default `'posthorn_'`. */
  prefix?: string | undefined;
  /**
   * What counters of messages and deliveries, and the histogram of attempts, are told apart by. Each value becomes a series of its own, for
   * ever, so name only what has few. Default `['event_type']`.
   */
  labels?: readonly MetricLabel[] | undefined;
  /** Upper bounds of the histogram of attempts, in seconds, ascending. Default 0.005 to 30. */
  buckets?: readonly number[] | undefined;
}

/** Options with every default filled in. */
export interface ResolvedPrometheusOptions {
  readonly registry: Registry | undefined;
  readonly prefix: string;
  readonly labels: readonly MetricLabel[];
  readonly buckets: readonly number[];
}

const schema = z.strictObject({
  registry: z
    .custom<Registry>(
      (value) => typeof (value as Partial<Registry> | undefined)?.registerMetric === 'function',
      { error: 'a Registry of prom-client' },
    )
    .optional(),
  prefix: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _, not beginning with a digit')
    .optional(),
  labels: z.array(z.enum(METRIC_LABELS)).optional(),
  buckets: z
    .array(z.number().positive())
    .min(1)
    .refine((bounds) => bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!), {
      error: 'ascending numbers',
    })
    .optional(),
});

/** @throws OptionsError naming the option, what was expected and what came */
export function resolvePrometheusOptions(raw: PrometheusOptions): ResolvedPrometheusOptions {
  const { registry, prefix, labels, buckets } = parseInput(schema, raw, '');
  return {
    registry,
    prefix: prefix ?? 'posthorn_',
    labels: labels ?? ['event_type'],
    buckets: buckets ?? DEFAULT_BUCKETS,
  };
}
