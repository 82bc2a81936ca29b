import type { Decision } from '../core/decide.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Transition } from '../core/transition.ts';
import type { LeasedDelivery, SettleResult } from '../store/store.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';

/** An attempt that has ended, and what was decided about it. */
export interface ConcludedAttempt {
  readonly delivery: LeasedDelivery;
  readonly runtime: EndpointRuntime;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

/** An attempt whose outcome is written. */
export interface Settled extends ConcludedAttempt {
  /** What the policy said, when the endpoint failed. */
  readonly decision: Decision | undefined;
  readonly transition: Transition;
  readonly result: SettleResult;
}
