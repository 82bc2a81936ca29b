/** What follows a failed attempt: the one place where policy, Retry-After, 410 and named functions meet. */
import type { EndpointReason } from './outcome.ts';
import { prolonging } from './prolonging.ts';
import { boundRetryAfter, parseRetryAfter } from './retry-after.ts';
import { type ResolvedRetryPolicy, retryDelayMs } from './retry-policy.ts';
import { isRetried, MAX_DELAY_MS, type RetryAfterPolicy, type RetryRule } from './retry-rules.ts';
import type { RetryVerdict } from './transition.ts';

/** The settings of an endpoint that a decision needs. */
export interface DecisionPolicy {
  readonly retry: ResolvedRetryPolicy;
  readonly retryOn: readonly RetryRule[];
  /** What 410 does: `disable` the endpoint and discard the delivery, or `retry` like any other status. */
  readonly onGone: 'disable' | 'retry';
  /** `false`: Retry-After is ignored. */
  readonly retryAfter: RetryAfterPolicy | false;
}

/** A failed attempt. */
export interface FailedAttempt {
  readonly reason: EndpointReason;
  /** `undefined` when no response came. */
  readonly status: number | undefined;
  /** Value of the Retry-After header, when there was one. */
  readonly retryAfter: string | undefined;
  /** Number of the attempt in this run of the policy, 1 for the first. */
  readonly attemptInRun: number;
  readonly policy: DecisionPolicy;
  /** Current time, epoch ms. */
  readonly nowMs: number;
  /** Random number in [0, 1), for jitter. */
  readonly draw: number;
  /**
   * Answer of the named `shouldRetry`: the last word over `retryOn`, in both directions. `undefined`: no opinion. It does
   * not lengthen the policy, and is not asked about 410 under `onGone: 'disable'` or about refused URLs.
   */
  readonly override?: boolean | undefined;
  /** Answer of the named `retryDelay` of a `custom` policy; `undefined`, like a number below 0 or NaN, ends the run. At most 30 days count. */
  readonly customDelayMs?: number | undefined;
}

/** What to do after a failed attempt. */
export interface Decision {
  readonly verdict: RetryVerdict;
  /** Nothing is sent to the endpoint for this long, whatever becomes of this delivery. */
  readonly blockLaneMs: number | undefined;
  readonly disableEndpoint: boolean;
}

const HTTP_GONE = 410;

/** Decides what follows a failed attempt. */
export function decideNext(attempt: FailedAttempt): Decision {
  const { reason, status, policy } = attempt;
  if (reason === 'url_refused') return discard('blocked', false);
  if (status === HTTP_GONE && policy.onGone === 'disable') return discard('gone', true);
  const waitMs = waitAskedFor(attempt);
  return {
    verdict: toVerdict(attempt, waitMs),
    // Also when this delivery ends here: the receiver spoke of itself, not of one message.
    blockLaneMs: waitMs > 0 && isBlock(policy, status) ? waitMs : undefined,
    disableEndpoint: false,
  };
}

function discard(reason: 'blocked' | 'gone', disableEndpoint: boolean): Decision {
  return { verdict: { kind: 'discard', reason }, blockLaneMs: undefined, disableEndpoint };
}

function toVerdict(attempt: FailedAttempt, waitMs: number): RetryVerdict {
  const { reason, status, policy } = attempt;
  const delayMs = policyDelayMs(attempt);
  const isWanted = attempt.override ?? isRetried(policy.retryOn, reason, status);
  if (delayMs === undefined || !isWanted) return { kind: 'stop' };
  return { kind: 'retry', delayMs: Math.max(delayMs, waitMs) };
}

function policyDelayMs({ attemptInRun, policy, draw, customDelayMs }: FailedAttempt): number | undefined {
  if (policy.retry.kind !== 'custom') return retryDelayMs(policy.retry, attemptInRun, draw);
  if (attemptInRun >= policy.retry.maxAttempts || customDelayMs === undefined || !(customDelayMs >= 0))
    return undefined;
  return Math.round(Math.min(customDelayMs, MAX_DELAY_MS));
}

/** The bounded wait that Retry-After asks for; 0 when it says nothing. */
function waitAskedFor({ retryAfter, policy, nowMs, draw }: FailedAttempt): number {
  if (retryAfter === undefined || policy.retryAfter === false) return 0;
  const delayMs = parseRetryAfter(retryAfter, nowMs);
  return delayMs === undefined ? 0 : boundRetryAfter(delayMs, policy.retryAfter.maxMs, prolonging(draw));
}

function isBlock(policy: DecisionPolicy, status: number | undefined): boolean {
  return policy.retryAfter !== false && status !== undefined && policy.retryAfter.blockOn.includes(status);
}

/** Whether a decision concerns more than its delivery. */
export function isDirective(decision: Decision | undefined): decision is Decision {
  return decision !== undefined && (decision.blockLaneMs !== undefined || decision.disableEndpoint);
}
