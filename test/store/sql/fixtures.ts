/** Parameters of operations, with what a test does not care about filled in. Ids count up. */
import { transition, type DeliveryEvent } from '../../../src/core/transition.ts';
import type { AppendOperation } from '../../../src/store/sql/append-results.ts';
import type {
  AppendEntry,
  ClaimParams,
  Lease,
  LeasedDelivery,
  NewDelivery,
  NewMessage,
  Settlement,
} from '../../../src/store/store.ts';

export const LEASE_MS = 60_000;

let created = 0;

/** An id that no other one equals. */
export function nextId(prefix: string): string {
  created += 1;
  return `${prefix}_${created}`;
}

/** A delivery to the endpoint, in its own lane, not leased. */
export function delivery(endpointId: string, overrides: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id: nextId('dlv'),
    endpointId,
    laneId: endpointId,
    state: 'scheduled',
    reason: undefined,
    lease: undefined,
    orderingKey: undefined,
    ...overrides,
  };
}

/** A matched message with its deliveries. */
export function entry(deliveries: readonly NewDelivery[], message: Partial<NewMessage> = {}): AppendEntry {
  return {
    message: {
      id: nextId('msg'),
      tenant: 'default',
      type: 'job.completed',
      dataJson: '{}',
      timestamp: 0,
      idempotencyKey: undefined,
      orderingKey: undefined,
      metadata: undefined,
      trace: undefined,
      addressed: false,
      test: false,
      fingerprint: undefined,
      ...message,
    },
    deliveries,
    fannedOut: true,
  };
}

/** As an operation takes it, and as a store does. */
export function batch(
  entries: readonly AppendEntry[],
): AppendOperation & { readonly hiddenEndpoints: readonly never[] } {
  return { entries, hiddenEndpoints: [], owner: 'test', leaseMs: LEASE_MS, idempotencyWindowMs: Infinity };
}

export function claiming(overrides: Partial<ClaimParams> = {}): ClaimParams {
  return {
    limit: 100,
    leaseMs: LEASE_MS,
    owner: 'test',
    lease: nextId('lease'),
    perLane: 100,
    freeSlots: new Map(),
    maxRescues: 5,
    ...overrides,
  };
}

export function leaseOf({ id, lease, ordered }: LeasedDelivery): Lease {
  return { deliveryId: id, lease, ordered };
}

/** What a settle makes of an attempt that ended so. */
export function settlement(leased: LeasedDelivery, event: DeliveryEvent): Settlement {
  const next = transition({ ...leased, state: 'sending' }, event, {
    maxRescues: 5,
    maxFaults: 5,
    faultDelayMs: 1_000,
  });
  if (next === undefined) throw new TypeError(`${event.kind} ends no attempt.`);
  return {
    ...leaseOf(leased),
    transition: next,
    attempt: {
      outcome: event.kind === 'succeeded' ? 'delivered' : (event.kind as 'endpoint_failed'),
      reason: event.kind === 'endpoint_failed' ? event.reason : undefined,
      detail: undefined,
      attempt: leased.attempts,
      durationMs: 20,
      response: undefined,
      traceparent: undefined,
    },
  };
}
