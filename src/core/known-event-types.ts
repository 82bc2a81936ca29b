/** What to say of event types and patterns that a catalog does not know. */
import { OptionsError } from '../errors.ts';
import { describeValue } from './describe-value.ts';
import { EVENT_TYPE_EXPECTED, isEventType } from './message.ts';
import { nearest } from './nearest.ts';
import { isOwn } from './operational-event.ts';
import { isExactPattern, matchesPattern } from './pattern.ts';

/** Types named in a message when none is near. */
const MAX_NAMED = 10;

/** The error for an event type that is not in the catalog, with the nearest that is. */
export function unknownEventType(type: unknown, types: readonly string[]): OptionsError {
  if (!isEventType(type))
    return new OptionsError('type', `type: expected ${EVENT_TYPE_EXPECTED}, got ${describeValue(type)}.`);
  return new OptionsError(
    'type',
    `type: expected an event type of the catalog, got ${JSON.stringify(type)}. ${hint(nearest(type, types), types)}`,
  );
}

/**
 * Checks the patterns of an endpoint against the types of a catalog.
 *
 * @param accepted patterns that are taken as they are
 * @throws OptionsError for the first that covers no type, with the nearest that does
 */
export function checkPatterns(
  patterns: readonly string[],
  types: readonly string[],
  path: string,
  accepted: ReadonlySet<string>,
): void {
  for (const [index, pattern] of patterns.entries()) {
    // Operational webhooks are in no catalog.
    if (accepted.has(pattern) || isOwn(pattern) || types.some((type) => matchesPattern(pattern, type)))
      continue;
    const where = `${path}[${index}]`;
    const expected = isExactPattern(pattern)
      ? 'an event type of the catalog'
      : 'a pattern that covers an event type of the catalog';
    const near = nearest(pattern, types) ?? nearest(pattern, likePattern(pattern, types));
    throw new OptionsError(
      where,
      `${where}: expected ${expected}, got ${JSON.stringify(pattern)}. ${hint(near, types)}`,
    );
  }
}

function hint(near: string | undefined, types: readonly string[]): string {
  if (near !== undefined) return `Did you mean ${JSON.stringify(near)}?`;
  const named = types.slice(0, MAX_NAMED).join(', ');
  const rest = types.length - MAX_NAMED;
  return `Known are ${named}${rest > 0 ? `, and ${rest} more` : ''}.`;
}

/** The types with stars where the pattern has them: for `jbo.*` and `job.completed`, `job.*`. */
function likePattern(pattern: string, types: readonly string[]): string[] {
  const wanted = pattern.split('.');
  const deep = wanted.indexOf('**');
  const head = deep === -1 ? wanted : wanted.slice(0, deep);
  const tail = deep === -1 ? [] : wanted.slice(deep + 1);
  return types.flatMap((type) => {
    const segments = type.split('.');
    if (deep === -1 ? segments.length !== head.length : segments.length < head.length + tail.length)
      return [];
    const put = (want: string, at: number): string => (want.includes('*') ? want : segments[at]!);
    const start = segments.length - tail.length;
    return [
      [
        ...head.map((want, index) => put(want, index)),
        ...(deep === -1 ? [] : ['**']),
        ...tail.map((want, index) => put(want, start + index)),
      ].join('.'),
    ];
  });
}
