/** Why a delivery is discarded, in words. */
import type { DiscardReason } from './delivery.ts';
import { describeDisabled } from './describe-disabled.ts';
import type { EndpointRecord } from './endpoint.ts';
import type { Outcome } from './outcome.ts';

/** What is known of it beyond the reason. */
export interface DiscardContext {
  /** The endpoint as it is now. */
  readonly record?: EndpointRecord | undefined;
  /** What came of the attempt that led to it. */
  readonly outcome?: Outcome | undefined;
}

const UNKNOWN_STREAK = { consecutiveFailures: 0, failingSince: undefined };

/** One line for a person. */
export function describeDiscard(reason: DiscardReason, { record, outcome }: DiscardContext): string {
  const met = outcome === undefined || outcome.kind === 'delivered' ? undefined : outcome.detail;
  switch (reason) {
    case 'endpoint_removed':
      return 'the endpoint was removed';
    case 'endpoint_disabled':
      return record?.status === 'disabled'
        ? `the endpoint is disabled: ${describeDisabled(record, UNKNOWN_STREAK).why}`
        : 'the endpoint was disabled';
    case 'dispatcher_paused':
      return 'everything was paused, and new messages are discarded meanwhile';
    case 'gone':
      return `the endpoint wants no more of it: ${met ?? 'it answered 410 Gone'}`;
    case 'cancelled':
      return 'somebody cancelled it';
    case 'blocked':
      return `its URL is refused: ${met ?? 'it must not be connected to'}`;
    case 'expired':
      return 'its time was over before it could be sent';
  }
}
