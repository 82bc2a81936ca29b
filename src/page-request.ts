import { z } from 'zod';
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

/** Checks what a caller gave to a `list` call. */
export function parseListRequest<Schema extends z.ZodType>(
  schema: Schema,
  request: unknown,
): z.output<Schema> {
  return parseInput(schema, request ?? {}, '');
}
