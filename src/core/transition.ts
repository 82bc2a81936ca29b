/**
 * The delivery state machine: one pure function of (delivery, event, limits). Every change of state anywhere in
 * Posthorn is one of these; an event that means nothing in a state leaves it as it is.
 */
import type { DeliveryReason, DeliveryState, DiscardReason } from './delivery.ts';
import type { DispatcherReason, EndpointReason } from './outcome.ts';

/** What the state machine needs to know of a delivery. */
export interface DeliverySnapshot {
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly attemptsBeforeRun: number;
  readonly rescues: number;
  readonly faults: number;
}

export const DELIVERY_EVENTS = [
  'claimed',
  'succeeded',
  'endpoint_failed',
  'interrupted',
  'dispatcher_failed',
  'lease_expired',
  'released',
  'withdrawn',
  'retry_requested',
  'discard_requested',
] as const;

/** What can happen to a delivery; the input of `transition`. */
export type DeliveryEvent =
  /** A process leased it. */
  | { readonly kind: 'claimed' }
  /** An attempt was delivered. */
  | { readonly kind: 'succeeded' }
  /** An attempt failed; `next` is what the retry policy made of it. */
  | { readonly kind: 'endpoint_failed'; readonly reason: EndpointReason; readonly next: RetryVerdict }
  /** An attempt was called off by a shutdown. */
  | { readonly kind: 'interrupted' }
  /** The dispatcher could not make the attempt. */
  | { readonly kind: 'dispatcher_failed'; readonly reason: DispatcherReason }
  /** Nobody settled within the lease. */
  | { readonly kind: 'lease_expired' }
  /** Handed back unsent. */
  | { readonly kind: 'released' }
  /** Leased, but not to be sent: its endpoint was removed or disabled meanwhile. No attempt was made. */
  | { readonly kind: 'withdrawn'; readonly reason: DiscardReason }
  /** Somebody asked for a fresh run. */
  | { readonly kind: 'retry_requested' }
  /** Cancelled, or its endpoint is gone. While `sending`, the store remembers it until the attempt is settled. */
  | { readonly kind: 'discard_requested'; readonly reason: DiscardReason };

/** What the retry policy says about a failed attempt. */
export type RetryVerdict =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'discard'; readonly reason: DiscardReason };

/** The limits of rescues and faults. */
export interface TransitionLimits {
  readonly maxRescues: number;
  readonly maxFaults: number;
  /** The same where the last fault was that of a proxy: an outage, which passes. Default: `maxFaults`. */
  readonly maxProxyFaults?: number;
  /** Wait after the first fault; doubles with each. */
  readonly faultDelayMs: number;
  /** Longest wait after a fault. Default: as long as it gets. */
  readonly maxFaultDelayMs?: number;
}

/** The state after an event, and the counters that go with it. */
export interface Transition {
  readonly state: DeliveryState;
  readonly reason: DeliveryReason | undefined;
  /** Time until due; 0 unless `scheduled`. */
  readonly delayMs: number;
  readonly attempts: number;
  readonly attemptsBeforeRun: number;
  readonly rescues: number;
  readonly faults: number;
}

/** The transition, or `undefined` when the event changes nothing in this state. */
export function transition(
  delivery: DeliverySnapshot,
  event: DeliveryEvent,
  limits: TransitionLimits,
): Transition | undefined {
  switch (event.kind) {
    case 'claimed':
      return delivery.state === 'scheduled'
        ? to(delivery, 'sending', { attempts: delivery.attempts + 1 })
        : undefined;
    case 'retry_requested':
      if (delivery.state === 'sending') return undefined;
      return to(delivery, 'scheduled', { attemptsBeforeRun: delivery.attempts, rescues: 0, faults: 0 });
    case 'discard_requested':
      return delivery.state === 'scheduled' ? to(delivery, 'discarded', { reason: event.reason }) : undefined;
    default:
      return delivery.state === 'sending' ? concludeAttempt(delivery, event, limits) : undefined;
  }
}

type ConcludingEvent = Exclude<DeliveryEvent, { kind: 'claimed' | 'retry_requested' | 'discard_requested' }>;

/** Only an outcome of the endpoint keeps the attempt that the claim counted. */
function concludeAttempt(
  delivery: DeliverySnapshot,
  event: ConcludingEvent,
  limits: TransitionLimits,
): Transition {
  const refunded = delivery.attempts - 1;
  switch (event.kind) {
    case 'succeeded':
      return to(delivery, 'succeeded', { faults: 0 });
    case 'endpoint_failed':
      return applyVerdict(delivery, event.reason, event.next);
    case 'interrupted':
    case 'released':
      return to(delivery, 'scheduled', { attempts: refunded });
    case 'withdrawn':
      return to(delivery, 'discarded', { attempts: refunded, reason: event.reason });
    case 'lease_expired': {
      const rescues = delivery.rescues + 1;
      const counters = { attempts: refunded, rescues };
      if (rescues > limits.maxRescues) return to(delivery, 'failed', { ...counters, reason: 'crash_loop' });
      return to(delivery, 'scheduled', counters);
    }
    case 'dispatcher_failed': {
      const faults = delivery.faults + 1;
      const counters = { attempts: refunded, faults, reason: event.reason };
      const { maxFaults, maxProxyFaults = maxFaults, maxFaultDelayMs = Infinity } = limits;
      if (faults >= (event.reason === 'proxy_failed' ? maxProxyFaults : maxFaults))
        return to(delivery, 'failed', counters);
      const delayMs = Math.min(limits.faultDelayMs * 2 ** (faults - 1), maxFaultDelayMs);
      return to(delivery, 'scheduled', { ...counters, delayMs });
    }
  }
}

function applyVerdict(delivery: DeliverySnapshot, reason: EndpointReason, verdict: RetryVerdict): Transition {
  switch (verdict.kind) {
    case 'retry':
      return to(delivery, 'scheduled', { reason, delayMs: verdict.delayMs, faults: 0 });
    case 'stop':
      return to(delivery, 'exhausted', { reason });
    case 'discard':
      return to(delivery, 'discarded', { reason: verdict.reason });
  }
}

function to(delivery: DeliverySnapshot, state: DeliveryState, changes: Partial<Transition>): Transition {
  return {
    state,
    reason: changes.reason,
    delayMs: changes.delayMs ?? 0,
    attempts: changes.attempts ?? delivery.attempts,
    attemptsBeforeRun: changes.attemptsBeforeRun ?? delivery.attemptsBeforeRun,
    rescues: changes.rescues ?? delivery.rescues,
    faults: changes.faults ?? delivery.faults,
  };
}
