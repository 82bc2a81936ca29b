import { z } from 'zod';
import { isName, NAME_EXPECTED } from './core/id.ts';
import { parseInput } from './core/parse-input.ts';

/** Paging of all `list` calls. */
export interface PageRequest {
  /** `nextCursor` of the previous page. Default: the first page. */
  cursor?: string | undefined;
  /** Most items of a page. 1 to 500. Default 50. */
  limit?: number | undefined;
}

export const DEFAULT_PAGE_LIMIT = 50;

export const pageShape = {
  cursor: z.string().max(512).optional(),
  limit: z.number().int().min(1).max(500).optional(),
} as const;

/** Tenants, ids and event types to look for: any text that a store can hold. Databases refuse some others. */
export const soughtName: z.ZodType<string> = z.custom<string>(isName, { error: NAME_EXPECTED });

/** Checks what a caller gave to a `list` call. */
export function parseListRequest<Schema extends z.ZodType>(
  schema: Schema,
  request: unknown,
): z.output<Schema> {
  return parseInput(schema, request ?? {}, '');
}
