/** A webhook, which the dispatcher calls an endpoint, as the API takes and gives it. */
import { z } from '@hono/zod-openapi';
import { DISABLED_REASONS } from '../../core/endpoint.ts';
import { epochMs, jsonObject } from './shared.ts';

/** Retries in three forms; the words of one exclude those of the others. */
export const retryConfigSchema = z
  .strictObject({
    max_attempts: z
      .number()
      .int()
      .optional()
      .describe('Attempts in all, the first included; 1 to 1000. Delays grow by a factor'),
    initial_delay_ms: z.number().optional().describe('Delay after the first attempt. Default 1000'),
    backoff_multiplier: z.number().optional().describe('Factor from one delay to the next. Default 2'),
    max_delay_ms: z.number().optional().describe('No delay is longer. Default 86400000 (24 h)'),
    delays_ms: z.array(z.number()).optional().describe('Delays one by one, instead of a factor'),
    jitter: z
      .number()
      .optional()
      .describe('Each delay is moved by up to this share, up or down. Default 0.2'),
    preset: z
      .enum(['default', 'standard-webhooks', 'short', 'once'])
      .optional()
      .describe('A policy by its name, instead of numbers'),
    custom: z.string().optional().describe('Only in answers: the policy is a function of the application'),
  })
  .openapi('RetryConfig');

export const rateLimitSchema = z.strictObject({
  limit: z.number().int().describe('Most attempts within the interval'),
  interval_ms: z.number().describe('Length of the interval; up to a day'),
});

/** Members that a caller may set. */
const inputShape = {
  url: z.string().describe('Where requests go; no credentials, no private address'),
  name: z.string().nullable().optional().describe('Short name for people'),
  description: z.string().nullable().optional().describe('What it is for'),
  events: z
    .array(z.string())
    .nullable()
    .optional()
    .describe('Event types and patterns: `job.*`; `*` is one segment, `**` any number. Default: everything'),
  filters: jsonObject.nullable().optional().describe('Which of the matching messages it gets'),
  headers: z
    .record(z.string(), z.unknown())
    .nullable()
    .optional()
    .openapi({ additionalProperties: { type: ['string', 'null'] } })
    .describe(
      'Headers with a fixed value. Credentials come back as `********`, which on its way in means: as it is',
    ),
  secret: z
    .unknown()
    .openapi({ type: 'string' })
    .optional()
    .describe('Signing secret; needs the scope `secrets`. Default: generated'),
  active: z.boolean().nullable().optional().describe('False: messages for it are discarded. Default true'),
  retry_config: retryConfigSchema.nullable().optional(),
  timeout_ms: z.number().nullable().optional().describe('Time for one attempt; 1 to 600000'),
  rate_limit: rateLimitSchema.nullable().optional(),
  ordering: z
    .enum(['none', 'fifo', 'key'])
    .nullable()
    .optional()
    .describe('`fifo`: one delivery after the other; `key`: so for messages with one ordering key'),
  metadata: jsonObject.nullable().optional().describe('Small JSON object of yours'),
} as const;

export const webhookInputSchema = z.strictObject(inputShape).openapi('WebhookInput');
export const webhookPatchSchema = z.strictObject(inputShape).partial().openapi('WebhookPatch');

const secretViewSchema = z.strictObject({
  hint: z.string().describe('Its last four characters; empty for a short one'),
  created_at: epochMs('When it was given or generated'),
  expires_at: z.number().optional().describe('When it stops signing, epoch ms'),
  public_key: z.string().optional().describe('For receivers to verify with, where the scheme has one'),
});

const webhookShape = {
  id: z.string(),
  name: z.string().optional(),
  description: z.string().optional(),
  url: z.string(),
  events: z.array(z.string()),
  filters: jsonObject.optional(),
  headers: z.record(z.string(), z.string()).optional(),
  active: z.boolean(),
  disabled_reason: z.enum(DISABLED_REASONS).optional().describe('Why it is not active'),
  paused: z.boolean().describe('Deliveries wait until it is resumed'),
  blocked_until: epochMs('Nothing is sent before').optional(),
  blocked_reason: z.enum(['retry_after', 'breaker']).optional(),
  retry_config: retryConfigSchema.optional().describe('Absent: as the application says'),
  timeout_ms: z.number().optional(),
  rate_limit: rateLimitSchema.optional(),
  ordering: z.enum(['none', 'fifo', 'key']).optional(),
  metadata: jsonObject.optional(),
  secrets: z.array(secretViewSchema).describe('The newest first; never their text'),
  successful_deliveries: z.number().int().describe('Since it was created'),
  failed_deliveries: z.number().int().describe('Since it was created'),
  consecutive_failures: z
    .number()
    .int()
    .describe('Attempts that failed since the last one that was delivered'),
  last_triggered_at: epochMs('When the last attempt was made').optional(),
  created_at: epochMs('When it was created'),
  updated_at: epochMs('When it was last changed'),
  revision: z
    .number()
    .int()
    .describe('Counts the changes; the `ETag` of the answer, and what `If-Match` compares'),
} as const;

export const webhookSchema = z.strictObject(webhookShape).openapi('Webhook');

const newSecretShape = {
  secret: z.string().describe('The new secret. No later answer has it'),
  public_key: z.string().optional().describe('For receivers to verify with, where the scheme has one'),
} as const;

export const createdWebhookSchema = z
  .strictObject({
    ...webhookShape,
    secret: newSecretShape.secret
      .optional()
      .describe('The secret that was generated; needs the scope `secrets`. No later answer has it'),
    public_key: newSecretShape.public_key,
  })
  .openapi('CreatedWebhook');

export const removedWebhookSchema = z.strictObject({ id: z.string(), deleted: z.literal(true) });

export const rotationInputSchema = z
  .strictObject({
    secret: z.unknown().openapi({ type: 'string' }).optional().describe('The new secret. Default: generated'),
    grace_ms: z
      .number()
      .optional()
      .describe('How long the previous ones go on signing. Default 86400000 (24 h); 0: not at all'),
    switch_at: z
      .enum(['grace_end', 'now'])
      .optional()
      .describe('When schemes with room for one signature change over. Default `grace_end`'),
  })
  .openapi('RotationInput');

export const rotatedSecretSchema = z
  .strictObject({
    webhook_id: z.string(),
    ...newSecretShape,
    previous_expires_at: z
      .number()
      .optional()
      .describe('When the last of the previous secrets stops signing, epoch ms'),
    signs_with: z
      .array(z.strictObject({ scheme: z.string(), with: z.enum(['all', 'previous', 'new']) }))
      .describe('What each signature scheme signs with until then'),
  })
  .openapi('RotatedSecret');

/** A webhook, as the API gives it. */
export type WebhookResource = z.output<typeof webhookSchema>;
/** A webhook that was just created, the only time with the secret that was generated. */
export type CreatedWebhookResource = z.output<typeof createdWebhookSchema>;
/** What creates or replaces a webhook. */
export type WebhookInput = z.input<typeof webhookInputSchema>;
/** A merge patch of a webhook (RFC 7396): `null` removes, objects are merged, all else is replaced. */
export type WebhookPatch = z.input<typeof webhookPatchSchema>;
/** How retries are set. */
export type RetryConfig = z.output<typeof retryConfigSchema>;
/** What a rotation of the secret takes. */
export type RotationInput = z.input<typeof rotationInputSchema>;
/** The answer of a rotation, the only one with the new secret. */
export type RotatedSecretResource = z.output<typeof rotatedSecretSchema>;
/** The answer of a removal. */
export type RemovedWebhookResource = z.output<typeof removedWebhookSchema>;
