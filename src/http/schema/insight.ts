/** Numbers, explanations, event types, health. */
import { z } from '@hono/zod-openapi';
import { DELIVERY_STATES } from '../../core/delivery.ts';
import { epochMs, instantSchema, jsonObject, pageShape } from './shared.ts';

const latencySchema = z.strictObject({
  count: z.number().int(),
  p50_ms: z.number().optional(),
  p90_ms: z.number().optional(),
  p95_ms: z.number().optional(),
  p99_ms: z.number().optional(),
  max_ms: z.number().optional(),
});

const count = (description: string): z.ZodNumber => z.number().int().describe(description);

export const statsSchema = z
  .strictObject({
    total_deliveries: count(
      'Deliveries that succeeded or failed; since the webhook was created, or as `since` and `until` say',
    ),
    successful_deliveries: count('Of these, those that succeeded'),
    failed_deliveries: count('Of these, those that were given up'),
    retry_queue_size: count('Deliveries that wait for another attempt'),
    pending_deliveries: count(
      'Deliveries that are not finished, those that wait for another attempt included',
    ),
    unmatched_messages: count(
      'Messages that were stored and are not matched with webhooks yet; absent for one webhook',
    ).optional(),
    by_state: z
      .strictObject(
        Object.fromEntries(DELIVERY_STATES.map((state) => [state, z.number().int()])) as Record<
          (typeof DELIVERY_STATES)[number],
          z.ZodNumber
        >,
      )
      .describe('Deliveries that are kept, by their state'),
    success_rate: z
      .number()
      .optional()
      .describe('Of the deliveries that are kept, the share that succeeded; absent when none has ended'),
    latency: latencySchema.describe('How long the attempts took that got an answer'),
    last_delivered_at: epochMs('Start of the last attempt that was delivered').optional(),
    last_failed_at: epochMs('Start of the last attempt that failed').optional(),
    consecutive_failures: count('Attempts that failed since the last one that was delivered').optional(),
  })
  .openapi('Stats');

export const statsQuery = z.strictObject({
  since: instantSchema.optional().describe('Only deliveries created at or after: epoch ms or ISO 8601'),
  until: instantSchema.optional().describe('Only deliveries created before: epoch ms or ISO 8601'),
});

export const eventTypeSchema = z
  .strictObject({
    event_type: z.string(),
    description: z.string().optional(),
    examples: z.array(z.unknown()),
    deprecated: z.union([z.boolean(), z.string()]),
    json_schema: jsonObject.optional().describe('JSON Schema of the data'),
  })
  .openapi('EventType');

export const explainInputSchema = z
  .strictObject({
    event_type: z.string(),
    data: z.unknown(),
    metadata: jsonObject.optional(),
    webhook_id: z.string().optional().describe('Only this webhook. Default: all, in pages'),
    cursor: pageShape.cursor,
    limit: pageShape.limit,
  })
  .openapi('ExplainInput');

export const explanationSchema = z
  .strictObject({
    webhook_id: z.string(),
    name: z.string().optional(),
    url: z.string().describe('Without query and long path'),
    receives: z.boolean().describe('It would get the message: now, or when its pause or block ends'),
    verdict: z.string().describe('One word: `receives`, `waits`, `pattern`, `filter`, `disabled`, …'),
    reason: z.string().describe('One line for a person'),
  })
  .openapi('Explanation');

export const healthSchema = z
  .strictObject({
    status: z.enum(['idle', 'running', 'stopped']).describe('`idle` until the first use'),
    paused: z.boolean().describe('Everything is paused'),
    store_problem: z.boolean().describe('Somebody must repair something in the store'),
    last_claim_at: epochMs(
      'When the store last gave work; old while `running` means a standstill',
    ).optional(),
  })
  .openapi('Health');

/** How deliveries go, in numbers. */
export type StatsResource = z.output<typeof statsSchema>;
/** The time that is counted. */
export type StatsQuery = z.input<typeof statsQuery>;
/** What is known of an event type. */
export type EventTypeResource = z.output<typeof eventTypeSchema>;
/** A message that is only asked about. */
export type ExplainInput = z.input<typeof explainInputSchema>;
/** Whether one webhook would get it. */
export type ExplanationResource = z.output<typeof explanationSchema>;
/** How the dispatcher is doing. */
export type HealthResource = z.output<typeof healthSchema>;
