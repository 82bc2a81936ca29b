import { z } from 'zod';
import { isName, NAME_EXPECTED } from './core/id.ts';
import { parseInput } from './core/parse-input.ts';
import { OptionsError } from './errors.ts';

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

/** A Date or epoch ms. */
export const instant = z.union([z.date(), z.number()]).transform(Number).optional();

export const rangeShape = { since: instant, until: instant } as const;

/**
 * Checks what a caller gave to a call that reads.
 *
 * @throws OptionsError naming the member that is wrong
 */
export function parseListRequest<Schema extends z.ZodType>(
  schema: Schema,
  request: unknown,
): z.output<Schema> {
  const parsed = parseInput(schema, request ?? {}, '');
  expectRange(parsed as Range);
  return parsed;
}

interface Range {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

function expectRange({ since, until }: Range): void {
  if (since === undefined || until === undefined || since <= until) return;
  throw new OptionsError(
    'until',
    `until: expected an instant that is not before since (${describeInstant(since)}), got ${describeInstant(until)}. Nothing is at or after the one and before the other.`,
  );
}

function describeInstant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
