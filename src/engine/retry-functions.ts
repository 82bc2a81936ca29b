import { catchRejection } from '../core/catch-rejection.ts';
import type { Outcome } from '../core/outcome.ts';
import type { LeasedDelivery } from '../store/store.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { describeFunction } from './named-function.ts';

export interface RetryAnswers {
  /** What the named `shouldRetry` said; undefined leaves it to the policy. */
  readonly shouldRetry: boolean | undefined;
  /** What the named `retryDelay` said; undefined: no further attempt. */
  readonly delayMs: number | undefined;
}

const NO_ANSWERS: RetryAnswers = { shouldRetry: undefined, delayMs: undefined };

/**
 * Asks the endpoint's named functions what to do after a failed attempt. One that throws is reported and gives no
 * answer: the attempt was made, so its outcome must be written whatever the function does.
 */
export function callRetryFunctions(
  runtime: EndpointRuntime,
  delivery: LeasedDelivery,
  outcome: Outcome & { kind: 'endpoint_failed' },
  attemptInRun: number,
  onError: (error: unknown, what: string) => void,
): RetryAnswers {
  const { shouldRetry, retryDelay } = runtime;
  if (shouldRetry === undefined && retryDelay === undefined) return NO_ANSWERS;
  const context = {
    outcome,
    message: delivery.message,
    endpoint: runtime.view,
    attempt: attemptInRun,
    maxAttempts: runtime.maxAttempts,
  };
  const ask = <Answer>(
    call: (() => Answer) | undefined,
    kind: 'shouldRetry' | 'retryDelay',
    type: 'boolean' | 'number',
    fallback: Answer | undefined,
  ): Answer | undefined => {
    const what = `${describeFunction(kind, nameOf(runtime, kind))} of endpoint ${delivery.endpointId}`;
    try {
      const answer: unknown = call?.();
      if (answer === undefined || typeof answer === type) return answer as Answer | undefined;
      const got = catchRejection(answer, () => undefined)
        ? 'a promise'
        : `a value of type ${answer === null ? 'null' : typeof answer}`;
      onError(new TypeError(`expected a ${type} or undefined at once, got ${got}`), what);
    } catch (error) {
      onError(error, what);
    }
    return fallback;
  };
  return {
    shouldRetry: ask(shouldRetry && (() => shouldRetry(context)), 'shouldRetry', 'boolean', undefined),
    delayMs: ask(retryDelay && (() => retryDelay(context)), 'retryDelay', 'number', FALLBACK_DELAY_MS),
  };
}

function nameOf({ settings }: EndpointRuntime, kind: 'shouldRetry' | 'retryDelay'): string {
  if (kind === 'shouldRetry') return settings.shouldRetry ?? '';
  return typeof settings.retry === 'object' && 'name' in settings.retry ? settings.retry.name : '';
}

/** A delay function that throws must not end the delivery: its next attempt is in a minute. */
const FALLBACK_DELAY_MS = 60_000;
