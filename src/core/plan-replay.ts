/** What a replay does with the deliveries that messages have already. */
import type { Delivery, DeliveryState } from './delivery.ts';

/** What is asked for. */
export interface ReplayScope {
  readonly states: readonly DeliveryState[];
  /** Deliveries created or ended later are left alone; the millisecond itself counts as before. */
  readonly asOf: number;
}

export interface ReplayPlan {
  /** To be made due, in the order given. */
  readonly retry: readonly Delivery[];
  /** Wanted, but their endpoint does not take anything. */
  readonly skipped: number;
}

/**
 * Whether the filter of its endpoint never came to a verdict about a delivery: it threw when the message was matched, so
 * nobody knows whether the endpoint wants it.
 */
export function isUnjudged({ state, reason, firstAttemptAt }: Delivery): boolean {
  return state === 'failed' && reason === 'function_failed' && firstAttemptAt === undefined;
}

/**
 * Sorts out the deliveries of a batch.
 *
 * @param isServed whether an endpoint is there and enabled
 */
export function planReplay(
  deliveries: readonly Delivery[],
  { states, asOf }: ReplayScope,
  isServed: (endpointId: string) => boolean,
): ReplayPlan {
  const wanted = deliveries.filter(
    ({ state, createdAt, finishedAt, test }) =>
      !test &&
      state !== 'sending' &&
      states.includes(state) &&
      createdAt < asOf + 1 &&
      (finishedAt === undefined || finishedAt < asOf + 1),
  );
  const retry = wanted.filter(({ endpointId }) => isServed(endpointId));
  return { retry, skipped: wanted.length - retry.length };
}
