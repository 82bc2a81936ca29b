/** The option `events` of `attach`: which events of a source become messages, and of which type. */
import { describeValue } from '../core/describe-value.ts';
import { EVENT_TYPE_EXPECTED, isEventType } from '../core/message.ts';
import { isExactPattern, isPattern, matchesPattern, PATTERN_EXPECTED } from '../core/pattern.ts';
import { OptionsError } from '../errors.ts';

export interface EventSelection {
  /** Names of the source and their event types, for those that are listed. */
  readonly names: ReadonlyMap<string, string>;
  readonly patterns: readonly string[];
}

/** The event type of what the source calls `name`; undefined when it is not wanted. May be no event type, if a pattern covers it. */
export function typeOf({ names, patterns }: EventSelection, name: string): string | undefined {
  return names.get(name) ?? (patterns.some((pattern) => matchesPattern(pattern, name)) ? name : undefined);
}

/** @throws OptionsError naming the item that is wrong */
export function readSelection(events: unknown): EventSelection {
  if (typeof events !== 'object' || events === null)
    throw new OptionsError(
      'events',
      'events: expected a list of event types and patterns, or an object from event names to types, ' +
        `got ${describeValue(events)}`,
    );
  const selection = Array.isArray(events) ? readList(events) : readNames(events);
  if (selection.names.size === 0 && selection.patterns.length === 0)
    throw new OptionsError('events', 'events: expected at least one event to listen to, got none');
  return selection;
}

function readList(events: readonly unknown[]): EventSelection {
  const names = new Map<string, string>();
  const patterns: string[] = [];
  for (const item of events) {
    if (!isPattern(item))
      throw new OptionsError('events', `events: expected ${PATTERN_EXPECTED}; got ${describeValue(item)}`);
    if (isExactPattern(item)) names.set(item, item);
    else patterns.push(item);
  }
  return { names, patterns };
}

function readNames(events: object): EventSelection {
  const names = Object.entries(events) as [string, unknown][];
  for (const [name, type] of names) {
    if (!isEventType(type))
      throw new OptionsError(
        'events',
        `events: expected ${EVENT_TYPE_EXPECTED} for ${JSON.stringify(name)}, got ${describeValue(type)}`,
      );
  }
  return { names: new Map(names as [string, string][]), patterns: [] };
}
