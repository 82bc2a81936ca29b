import type { RateLimit } from '../../core/endpoint.ts';
import type { AppendEntry, AppendParams, AppendResult, LeasedDelivery } from '../store.ts';

/** A hidden endpoint to be stored unless it is there. */
export interface NewHiddenEndpoint {
  readonly id: string;
  readonly tenant: string;
  readonly laneId: string;
  readonly rateLimit: RateLimit | undefined;
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
    const entry = entries[index]!;
    return { kind: 'stored', leased: appended.leased.map((at) => toFirstLease(entry, at, outcome.now)) };
  });
}

function toFirstLease({ message, deliveries }: AppendEntry, index: number, now: number): LeasedDelivery {
  const { id, lease, endpointId, laneId } = deliveries[index]!;
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
  };
}
