/** What the schemas of the API have in common: instants, pages, envelopes. */
import { z } from '@hono/zod-openapi';

/** An instant in an answer. */
export const epochMs = (description: string): z.ZodNumber =>
  z.number().int().describe(`${description}, epoch ms`);

/** An instant in a request: epoch ms, or ISO 8601 with a zone. */
export const instantSchema = z
  .union([z.number().int(), z.iso.datetime({ offset: true })], {
    error: 'epoch milliseconds or an ISO 8601 time with a zone',
  })
  .transform((value) => new Date(value).getTime());

/** Most items of a page. */
export const MAX_PAGE_ITEMS = 100;

/** Members of the query of every list. */
export const pageShape = {
  cursor: z.string().max(512).optional().describe('`next_cursor` of the page before'),
  limit: z.number().int().min(1).max(MAX_PAGE_ITEMS).optional().describe('Most items of a page. Default 50'),
} as const;

/** Most event types, or states, that one filter may name. */
export const MAX_LISTED = 50;

export const eventTypes = z
  .array(z.string().min(1).max(256))
  .max(MAX_LISTED)
  .describe('Only these event types; no patterns. Separated by commas, or repeated');

export const listed = <Item extends z.ZodType>(item: Item): z.ZodArray<Item> => z.array(item).max(MAX_LISTED);

export const timeShape = {
  since: instantSchema.optional().describe('Only what was created at or after: epoch ms or ISO 8601'),
  until: instantSchema.optional().describe('Only what was created before: epoch ms or ISO 8601'),
} as const;

/** A JSON object with any members. */
export const jsonObject = z.record(z.string(), z.unknown());

/** The envelope of an answer that failed. */
export const failureSchema = z
  .strictObject({
    success: z.literal(false),
    error: z.strictObject({
      code: z.string().describe('What went wrong, as a stable word to match on'),
      message: z.string().describe('The same for a person, with what to do about it'),
      field: z
        .string()
        .optional()
        .describe('The member of the request that is wrong: `retry_config.max_attempts`'),
    }),
    timestamp: z.iso.datetime(),
  })
  .openapi('Failure');
