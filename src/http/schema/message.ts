/** Messages, which are the events that were emitted. */
import { z } from '@hono/zod-openapi';
import { epochMs, eventTypes, instantSchema, jsonObject, pageShape, timeShape } from './shared.ts';

const shape = {
  id: z.string(),
  event_type: z.string(),
  timestamp: epochMs('When the event happened'),
  created_at: epochMs('When it was stored'),
  idempotency_key: z.string().optional(),
  ordering_key: z.string().optional(),
  metadata: jsonObject.optional(),
  test: z.boolean().describe('It is that of a test'),
  fanned_out: z
    .boolean()
    .describe('It was matched with the webhooks; false until a process that delivers has done that'),
} as const;

export const messageSchema = z.strictObject(shape).openapi('Message');

export const messageDetailSchema = z.strictObject({ ...shape, data: z.unknown() }).openapi('MessageDetail');

export const messagesQuery = z.strictObject({
  ...pageShape,
  ...timeShape,
  event_type: eventTypes.optional(),
});

export const messageInputSchema = z
  .strictObject({
    event_type: z.string().describe('A dotted name: `job.completed`'),
    data: z.unknown().describe('Anything that JSON carries'),
    metadata: jsonObject.optional().describe('Small JSON object that filters see, and receivers do not'),
    ordering_key: z
      .string()
      .optional()
      .describe('Webhooks with the ordering `key` get the messages of one key in order'),
    timestamp: instantSchema.optional().describe('When the event happened. Default: now'),
  })
  .openapi('MessageInput');

export const receiptSchema = z
  .strictObject({
    id: z.string().describe('Id of the message; of the first one, for a duplicate'),
    duplicate: z.boolean().describe('It was stored before, under the same idempotency key'),
    deliveries: z.array(z.strictObject({ id: z.string(), webhook_id: z.string() })),
  })
  .openapi('Receipt');

/** A message, as lists have it: without its data. */
export type MessageResource = z.output<typeof messageSchema>;
/** A message with its data. */
export type MessageDetailResource = z.output<typeof messageDetailSchema>;
/** Which messages are listed. */
export type MessagesQuery = z.input<typeof messagesQuery>;
/** An event to be emitted. */
export type MessageInput = z.input<typeof messageInputSchema>;
/** What became of it. */
export type ReceiptResource = z.output<typeof receiptSchema>;
