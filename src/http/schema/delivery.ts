/** Deliveries, attempts, tests and what can be asked about them. */
import { z } from '@hono/zod-openapi';
import { DELIVERY_STATES, type DeliveryState } from '../../core/delivery.ts';
import { epochMs, eventTypes, instantSchema, listed, MAX_LISTED, pageShape, timeShape } from './shared.ts';

/** A delivery that is being sent is left alone always. */
const REPLAYABLE_STATES = DELIVERY_STATES.filter(
  (state): state is Exclude<DeliveryState, 'sending'> => state !== 'sending',
);

const shape = {
  id: z.string(),
  message_id: z.string(),
  webhook_id: z.string(),
  event_type: z.string(),
  state: z.enum(DELIVERY_STATES),
  reason: z.string().optional().describe('Why it is in this state'),
  attempts: z.number().int().describe('Attempts that count, a running one included'),
  next_attempt_at: epochMs('When it is due next').optional(),
  created_at: epochMs('When it was created'),
  first_attempt_at: epochMs('When the first attempt was made').optional(),
  finished_at: epochMs('When it ended').optional(),
  test: z.boolean().describe('It is that of a test'),
} as const;

export const deliverySchema = z.strictObject(shape).openapi('Delivery');

export const responseSchema = z
  .strictObject({
    status: z.number().int(),
    headers: z.record(z.string(), z.string()),
    body: z.string().describe('Its first bytes. Written by a stranger: treat it as hostile text'),
    body_encoding: z.enum(['utf8', 'base64']),
    body_truncated: z.boolean().describe('More came than was kept'),
    body_complete: z.boolean().describe('The whole body arrived'),
  })
  .openapi('StoredResponse');

const attemptShape = {
  outcome: z.enum(['delivered', 'endpoint_failed', 'interrupted', 'dispatcher_failed']),
  reason: z.string().optional(),
  detail: z.string().optional().describe('One line for a person'),
  duration_ms: z.number(),
  response: responseSchema.optional(),
} as const;

const attemptSchema = z
  .strictObject({
    attempt: z.number().int().describe('1 for the first'),
    started_at: epochMs('When it began'),
    ...attemptShape,
  })
  .openapi('Attempt');

export const deliveryDetailSchema = z
  .strictObject({ ...shape, attempt_log: z.array(attemptSchema).describe('Oldest first') })
  .openapi('DeliveryDetail');

export const testResultSchema = z
  .strictObject({
    webhook_id: z.string(),
    message_id: z.string(),
    delivery_id: z.string(),
    delivered: z.boolean(),
    status: z.number().int().optional().describe('HTTP status, when a response arrived'),
    ...attemptShape,
  })
  .openapi('TestResult');

export const webhookDeliveriesQuery = z.strictObject({
  ...pageShape,
  ...timeShape,
  state: listed(z.enum(DELIVERY_STATES))
    .optional()
    .describe('Only these states. Separated by commas, or repeated'),
  event_type: eventTypes.optional(),
});

export const deliveriesQuery = z.strictObject({
  ...webhookDeliveriesQuery.shape,
  webhook_id: z.string().optional().describe('Only those of this webhook'),
  message_id: z.string().optional().describe('Only those of this message'),
});

export const retryFailedSchema = z
  .strictObject({
    webhook_id: z.string().optional().describe('Only those of this webhook. Default: all'),
    webhookId: z.string().optional().describe('The same by another name'),
    since: instantSchema.optional().describe('Only messages stored at or after: epoch ms or ISO 8601'),
    until: instantSchema.optional().describe('Only messages stored before: epoch ms or ISO 8601'),
    as_of: instantSchema
      .optional()
      .describe('Of an earlier answer, to repeat it without sending anything twice'),
    dry_run: z.boolean().optional().describe('Only count. Default false'),
  })
  .openapi('RetryFailedInput');

export const replaySchema = z
  .strictObject({
    webhook_id: retryFailedSchema.shape.webhook_id,
    event_type: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(MAX_LISTED)
      .optional()
      .describe('Only these event types; patterns work: `job.*`'),
    states: z
      .array(z.enum(REPLAYABLE_STATES))
      .optional()
      .describe(
        'Deliveries in these states are sent again. Default: all final ones, `succeeded` included. Empty, with `create_missing`: only what is missing',
      ),
    message_ids: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(1000)
      .optional()
      .describe('Only these messages'),
    create_missing: z
      .boolean()
      .optional()
      .describe(
        'Webhooks that match a message now and have no delivery of it get one. Default: true without `states`, false with them',
      ),
    since: retryFailedSchema.shape.since,
    until: retryFailedSchema.shape.until,
    as_of: retryFailedSchema.shape.as_of,
    dry_run: retryFailedSchema.shape.dry_run,
  })
  .openapi('ReplayInput');

export const replayResultSchema = z
  .strictObject({
    messages: z.number().int().describe('Messages that were looked at'),
    retried: z.number().int().describe('Deliveries that are due again'),
    created: z.number().int().describe('Deliveries that were missing, and are due now'),
    skipped: z.number().int().describe('Deliveries that were left alone'),
    as_of: epochMs('Nothing that was created or ended after this was touched'),
    dry_run: z.boolean().describe('It was only counted'),
  })
  .openapi('ReplayResult');

/** A delivery, as the API gives it. */
export type DeliveryResource = z.output<typeof deliverySchema>;
/** A delivery with its attempts. */
export type DeliveryDetailResource = z.output<typeof deliveryDetailSchema>;
/** What came of a test. */
export type TestResultResource = z.output<typeof testResultSchema>;
/** Which deliveries of one webhook are listed. */
export type WebhookDeliveriesQuery = z.input<typeof webhookDeliveriesQuery>;
/** Which deliveries are listed. */
export type DeliveriesQuery = z.input<typeof deliveriesQuery>;
/** Which failed deliveries are tried again. */
export type RetryFailedInput = z.input<typeof retryFailedSchema>;
/** Which stored messages are sent again. */
export type ReplayInput = z.input<typeof replaySchema>;
/** What a retry of failed deliveries did, or would do. */
export type ReplayResultResource = z.output<typeof replayResultSchema>;
