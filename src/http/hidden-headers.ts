/** Headers that carry credentials: never in an answer, and kept when an answer is sent back. */
import { isSensitiveHeader } from '../core/sensitive-header.ts';
import { ApiError } from './api-error.ts';

/** Stands for the value of a header that is not told. */
export const HIDDEN = '********';

export function hideHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSensitiveHeader(name) ? HIDDEN : value]),
  );
}

/**
 * The headers with what `********` stands for: the value that is there.
 *
 * @throws ApiError where nothing is there
 */
export function restoreHeaders(
  headers: Readonly<Record<string, unknown>>,
  current: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const known = new Map(Object.entries(current).map(([name, value]) => [name.toLowerCase(), value]));
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (value !== HIDDEN) return [name, value as string];
      const stored = known.get(name.toLowerCase());
      if (stored !== undefined) return [name, stored];
      const field = `headers.${name.slice(0, 64)}`;
      throw new ApiError(
        'invalid_request',
        `${field}: ${HIDDEN} stands for the value that is there, and there is none.`,
        {
          field,
        },
      );
    }),
  );
}
