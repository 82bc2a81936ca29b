/** Shapes of delivery settings that are numbers, or objects of numbers, with what messages say was expected. */
import { z } from 'zod';
import type { RateLimit } from './endpoint.ts';
import { expecting } from './parse-input.ts';
import { VERIFICATION_KINDS } from './verification-state.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const timeoutMs = expecting(
  z.number().min(1).max(600_000),
  'a number of milliseconds from 1 to 600000',
);
export const verification = expecting(z.enum(VERIFICATION_KINDS), '"challenge", "handshake" or false');
export const concurrency = expecting(z.number().int().min(1).max(10_000), 'a whole number from 1 to 10000');
export const maxConcurrencyTotal = expecting(
  z.number().int().min(1).max(1_000_000),
  'a whole number from 1 to 1000000, or false',
);
/** Shape of a rate limit. */
export const rateLimitSchema: z.ZodType<RateLimit> = rateLimitOf('{ limit: 10, intervalMs: 1000 }');
export const rateLimit = rateLimitOf('{ limit: 10, intervalMs: 1000 }, or false');

function rateLimitOf(example: string): z.ZodType<RateLimit> {
  return expecting(
    z.strictObject({
      limit: expecting(z.number().int().min(1), 'a whole number of at least 1'),
      intervalMs: expecting(z.number().min(1).max(DAY_MS), 'a number of milliseconds from 1 to 86400000'),
    }),
    `an object such as ${example}`,
  );
}

export const breaker = expecting(
  z
    .strictObject({
      failureShare: z.number().gt(0).max(1).optional(),
      minAttempts: z.number().int().min(1).max(1_000_000).optional(),
      windowMs: z.number().min(1_000).max(HOUR_MS).optional(),
      openMs: z.number().min(100).max(DAY_MS).optional(),
      maxOpenMs: z.number().min(100).max(DAY_MS).optional(),
    })
    .refine(({ openMs = 0, maxOpenMs = Infinity }) => maxOpenMs >= openMs, {
      error: 'at least openMs',
      path: ['maxOpenMs'],
    }),
  'an object such as { failureShare: 0.5, windowMs: 60000 }, or false',
);
export const autoDisable = expecting(
  z
    .strictObject({
      afterMs: z
        .number()
        .min(60_000)
        .max(365 * DAY_MS)
        .optional(),
      failingAfterMs: z
        .number()
        .min(0)
        .max(365 * DAY_MS)
        .optional(),
    })
    .refine(({ afterMs = Infinity, failingAfterMs = 0 }) => failingAfterMs <= afterMs, {
      error: 'at most afterMs',
      path: ['failingAfterMs'],
    }),
  'an object such as { afterMs: 432000000 }, or false',
);
