import type { LaneLimits } from '../../core/endpoint.ts';
import type { Message } from '../../core/message.ts';
import { describeError, PayloadError, StoreError } from '../../errors.ts';
import type { AppendEntry, AppendParams, AppendResult, LeasedDelivery, NewDelivery } from '../store.ts';
import { isTooLarge } from './trouble.ts';

/** A hidden endpoint to be stored unless it is there. */
export interface NewHiddenEndpoint {
  readonly id: string;
  readonly tenant: string;
  readonly laneId: string;
  readonly limits: LaneLimits;
  /** JSON text, secrets sealed. */
  readonly record: string;
}

/** What the operation `append` takes. */
export type AppendOperation = Omit<AppendParams, 'hiddenEndpoints'> & {
  readonly hiddenEndpoints: readonly NewHiddenEndpoint[];
};

/** What became of one entry. Of those that were stored, only which deliveries are leased: the rest is with the caller, who may be in another thread. */
export type AppendedEntry =
  | { readonly kind: 'stored'; readonly leased: readonly number[] }
  | Exclude<AppendResult, { readonly kind: 'stored' }>;

/** What the operation `append` answers. */
export interface AppendOutcome {
  readonly now: number;
  readonly entries: readonly AppendedEntry[];
}

/** The answer for the caller of the store. */
export function toAppendResults(
  entries: readonly AppendEntry[],
  outcome: AppendOutcome,
): readonly AppendResult[] {
  return outcome.entries.map((appended, index) => {
    if (appended.kind !== 'stored') return appended;
    const { message: stored, deliveries } = entries[index]!;
    const { fingerprint, ...message } = stored;
    const leased = appended.leased.map((at) => toFirstLease(message, deliveries[at]!, outcome.now));
    return { kind: 'stored', leased };
  });
}

/** The error of an append: what makes a message too large for the database is its data. */
export function toAppendError(error: unknown): unknown {
  if (!(error instanceof StoreError) || !isTooLarge(error.cause)) return error;
  return new PayloadError(
    'data',
    `data: too large for the database: ${describeError(error.cause)}. Send a reference instead, or raise max_allowed_packet of the server.`,
    { cause: error.cause },
  );
}

function toFirstLease(message: Message, delivery: NewDelivery, now: number): LeasedDelivery {
  const { id, lease, endpointId, laneId } = delivery;
  return {
    id,
    lease: lease!,
    endpointId,
    laneId,
    message,
    attempts: 1,
    attemptsBeforeRun: 0,
    rescues: 0,
    faults: 0,
    firstAttemptAt: now,
    // Those with an ordering key are not leased by `append`.
    ordered: false,
    // Nor those of a lane with a most of leases.
    counted: false,
    probe: false,
  };
}
