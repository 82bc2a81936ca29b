/** Whether an endpoint gets a message, and if not, why: the rules of matching, one after the other, in words. */
import { describeDisabled, type FailingStreak } from './describe-disabled.ts';
import { describeClause, explainFilter, type FilterClause } from './explain-filter.ts';
import type { CustomFilter, FilterInput } from './compile-filter.ts';
import type { EndpointRecord, ResolvedDeliverySettings } from './endpoint.ts';
import { nearestPattern } from './nearest-pattern.ts';
import { matchesPattern } from './pattern.ts';
import type { WhilePaused } from './switch-state.ts';
import { allowedRateOf } from './verification-state.ts';
import { describeError } from '../errors.ts';

/**
 * - `receives`: it gets the message now, or as soon as its limits let it
 * - `waits`: it gets the message when its pause or block ends
 * - `pattern`: none of its `events` covers the type
 * - `filter`: its filter says no
 * - `dispatcher_paused`: it matches, and what is emitted while everything is paused is `discarded`
 * - `disabled`: it matches, and the delivery would be `discarded`
 * - `filter_failed`: a named function of its filter threw; the delivery would be `failed`
 * - `url_refused`: it matches, and its URL is not allowed any more; the delivery would be `discarded`
 * - `unserved`: this process cannot tell, or cannot send: a named function is missing, a setting cannot be read
 */
export type MatchVerdict =
  | 'receives'
  | 'waits'
  | 'pattern'
  | 'filter'
  | 'dispatcher_paused'
  | 'disabled'
  | 'filter_failed'
  | 'url_refused'
  | 'unserved';

type Ordering = ResolvedDeliverySettings['ordering'];

/** How an endpoint stands at the moment. */
export interface EndpointStanding {
  readonly paused: boolean;
  /** What becomes of new messages while everything is paused; `undefined` while nothing is. */
  readonly whilePaused: WhilePaused | undefined;
  /** Epoch ms. */
  readonly blockedUntil: number | undefined;
  readonly breakerOpen: boolean;
  readonly streak: FailingStreak;
  /** What holds for it, default or its own. */
  readonly ordering: Ordering;
  /** Why its URL is refused. */
  readonly refusal: string | undefined;
  /** Why this process cannot serve it. */
  readonly unserved: string | undefined;
}

/** What came of it. */
export interface MatchExplanation {
  readonly verdict: MatchVerdict;
  /** One line for a person. */
  readonly reason: string;
  readonly clause: FilterClause | undefined;
}

/** Follows the order in which a message is matched and sent. Throws nothing. */
export function explainMatch(
  record: EndpointRecord,
  standing: EndpointStanding,
  input: FilterInput,
  custom: (name: string) => CustomFilter | undefined,
): MatchExplanation {
  if (!record.events.some((pattern) => matchesPattern(pattern, input.type)))
    return plain('pattern', describePatterns(record.events, input.type));
  try {
    const clause = record.filter === undefined ? undefined : explainFilter(record.filter, input, custom);
    if (clause !== undefined) return { verdict: 'filter', reason: `${describeClause(clause)}.`, clause };
  } catch (error) {
    if (standing.unserved !== undefined)
      return plain('unserved', `This process cannot tell: ${standing.unserved}.`);
    return plain('filter_failed', `Its filter threw: ${describeError(error)}`);
  }
  return explainStanding(record, standing);
}

/** A message that matches may still not arrive. */
function explainStanding(
  record: EndpointRecord,
  { paused, whilePaused, blockedUntil, breakerOpen, streak, ordering, refusal, unserved }: EndpointStanding,
): MatchExplanation {
  if (record.status === 'disabled') {
    const { why, remedy } = describeDisabled(record, streak);
    return plain(
      'disabled',
      `It matches, but the endpoint is disabled: the delivery would be discarded. The reason is that ${why}. ${remedy}`,
    );
  }
  if (whilePaused === 'discard')
    return plain('dispatcher_paused', 'It matches, but everything is paused and new messages are discarded.');
  if (refusal !== undefined) return plain('url_refused', `It matches, but its URL is refused: ${refusal}`);
  if (unserved !== undefined)
    return plain('unserved', `It matches, but this process cannot send it: ${unserved}.`);
  if (whilePaused === 'hold') return plain('waits', 'It matches, and waits until everything is resumed.');
  if (paused) return plain('waits', 'It matches, and waits until the endpoint is resumed.');
  if (breakerOpen) {
    const when = blockedUntil === undefined ? 'now' : `at ${new Date(blockedUntil).toISOString()}`;
    return plain(
      'waits',
      `It matches, and waits: too many attempts failed lately. One delivery is tried ${when}, and the others follow when one gets through.`,
    );
  }
  if (blockedUntil !== undefined)
    return plain(
      'waits',
      `It matches, and waits until ${new Date(blockedUntil).toISOString()}, because the endpoint asked for that.`,
    );
  const limits = describeLimits(record, ordering);
  const when = limits.length === 0 ? 'now' : `as soon as its limits let it: ${limits.join(', ')}`;
  return plain('receives', `It matches and is sent ${when}.`);
}

/** Those over all processes; what is in flight or used up of them is not known here. */
function describeLimits(record: EndpointRecord, ordering: Ordering): string[] {
  const { rateLimit = false, maxConcurrencyTotal = false } = record;
  const allowed = allowedRateOf(record);
  const limits: string[] = [];
  if (rateLimit !== false)
    limits.push(`at most ${rateLimit.limit} in ${rateLimit.intervalMs} ms (rateLimit)`);
  if (allowed !== undefined)
    limits.push(
      `at most ${allowed.limit} in ${allowed.intervalMs} ms (WebHook-Allowed-Rate of its handshake)`,
    );
  if (maxConcurrencyTotal !== false)
    limits.push(`at most ${maxConcurrencyTotal} in flight (maxConcurrencyTotal)`);
  if (ordering === 'fifo') limits.push('after what is before it (ordering)');
  if (ordering === 'key') limits.push('after what is before it with the same orderingKey (ordering)');
  return limits;
}

function describePatterns(events: readonly string[], type: string): string {
  const near = nearestPattern(type, events);
  const hint = near === undefined ? '' : ` The nearest is ${JSON.stringify(near)}.`;
  return `None of its events covers ${JSON.stringify(type)}.${hint}`;
}

function plain(verdict: MatchVerdict, reason: string): MatchExplanation {
  return { verdict, reason, clause: undefined };
}
