/**
 * Operational webhooks: what Posthorn itself has to say, as messages to the endpoints that ask for it. Their types begin with a segment of their own, which
 * no application may use and which only a pattern that names it covers: who asks for everything of the application has not asked for this.
 */
import { OptionsError } from '../errors.ts';
import { describeValue } from './describe-value.ts';
import { nearest } from './nearest.ts';
import { matchesPattern, OWN_SEGMENT } from './pattern.ts';

/** Lifecycle events that become messages. */
export const OPERATIONAL_EVENTS = [
  'endpoint.failing',
  'endpoint.recovered',
  'endpoint.disabled',
  'endpoint.blocked',
  'endpoint.unblocked',
  'delivery.exhausted',
  'delivery.failed',
] as const;

/** Name of such a lifecycle event. */
export type OperationalEventName = (typeof OPERATIONAL_EVENTS)[number];

/** Event type of an operational webhook: `posthorn.endpoint.disabled`. */
export type OperationalEventType = `posthorn.${OperationalEventName}`;

/** What endpoints can have among their `events` to get operational webhooks: a type of them, or a pattern that begins with `posthorn.`. */
export type OperationalPattern =
  OperationalEventType | 'posthorn.**' | 'posthorn.*.*' | 'posthorn.endpoint.*' | 'posthorn.delivery.*';

const TYPES: readonly OperationalEventType[] = OPERATIONAL_EVENTS.map((name) => `posthorn.${name}` as const);

/** The event type of an operational webhook. */
export function operationalType(name: OperationalEventName): OperationalEventType {
  return `posthorn.${name}`;
}

/** True for types and patterns that begin with the segment of their own. */
export function isOwn(typeOrPattern: string): boolean {
  return typeOrPattern === OWN_SEGMENT || typeOrPattern.startsWith(`${OWN_SEGMENT}.`);
}

/** @throws OptionsError for a pattern that asks for operational webhooks and covers none of them */
export function checkOperationalPatterns(patterns: readonly string[], path: string): void {
  for (const [index, pattern] of patterns.entries()) {
    if (!isOwn(pattern) || TYPES.some((type) => matchesPattern(pattern, type))) continue;
    const near = nearest(pattern, TYPES);
    const advice =
      near === undefined ? `Known are ${TYPES.join(', ')}.` : `Did you mean ${JSON.stringify(near)}?`;
    throw new OptionsError(
      `${path}[${index}]`,
      `${path}[${index}]: expected an operational webhook, or a pattern that covers one, got ${JSON.stringify(pattern)}. ${advice}`,
    );
  }
}

/** @throws OptionsError for an event type that only Posthorn itself may emit */
export function refuseOwnType(type: string): void {
  if (!isOwn(type)) return;
  throw new OptionsError(
    'type',
    `type: event types that begin with "${OWN_SEGMENT}." are those of operational webhooks, got ${describeValue(type)}. Choose another name.`,
  );
}
