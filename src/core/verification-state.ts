/** Whether an endpoint has to prove that it wants what is sent to it, and whether it has: what is written in its record. */
import { DISPATCHER_REASONS, ENDPOINT_REASONS } from './outcome.ts';
import type { RateLimit } from './rate-limit.ts';

/** How endpoints can prove themselves. */
export const VERIFICATION_KINDS = ['challenge', 'handshake'] as const;

/**
 * - `challenge`: it must answer a signed request with the random token in it
 * - `handshake`: it must consent to an `OPTIONS` request, as CloudEvents says (HTTP Web Hooks 1.0, section 4)
 */
export type VerificationKind = (typeof VERIFICATION_KINDS)[number];

/** Why a check did not verify an endpoint. */
export const VERIFICATION_REASONS = [
  ...ENDPOINT_REASONS,
  ...DISPATCHER_REASONS,
  'wrong_answer',
  'no_consent',
] as const;
/** Why a check did not verify an endpoint: as for attempts, or `wrong_answer` (not the token), `no_consent` (no header that permits it). */
export type VerificationReason = (typeof VERIFICATION_REASONS)[number];

/** Why a check did not verify an endpoint. Instants are epoch ms. */
export interface VerificationFailure {
  readonly at: number;
  readonly reason: VerificationReason;
  /** One line for a person, with nothing in it that the receiver wrote. */
  readonly detail: string;
  /** HTTP status, when a response arrived. */
  readonly status?: number;
}

/** How the verification of an endpoint stands. It counts for this kind and this URL only. */
export interface VerificationState {
  readonly kind: VerificationKind;
  readonly url: string;
  /** Checks begun so far, those of `endpoints.verify` aside. */
  readonly checks: number;
  /** When the next one is due, epoch ms; absent: none is planned. */
  readonly nextCheckAt?: number;
  /** When it was verified, epoch ms; absent: it is not. */
  readonly verifiedAt?: number;
  /** Requests per minute that a handshake permitted; absent: any number. */
  readonly allowedRate?: number;
  /** What came of the last check that verified nothing. */
  readonly failure?: VerificationFailure;
}

const MINUTE_MS = 60_000;

/** The members of a record that say so. */
export interface Verifiable {
  readonly url?: string | undefined;
  readonly verification?: VerificationKind | false | undefined;
  readonly verificationState?: VerificationState | undefined;
}

/** How the verification stands that the record asks for; `undefined` when it asks for none, or nothing is known of it. */
export function currentVerification({
  url,
  verification,
  verificationState: state,
}: Verifiable): VerificationState | undefined {
  return state !== undefined && state.kind === verification && state.url === url ? state : undefined;
}

/** It has to prove itself, and has not. */
export function isUnverified(record: Verifiable): boolean {
  const { verification = false } = record;
  return verification !== false && currentVerification(record)?.verifiedAt === undefined;
}

/** The limit that the handshake of an endpoint set; `undefined`: none. */
export function allowedRateOf(record: Verifiable): RateLimit | undefined {
  const limit = currentVerification(record)?.allowedRate;
  return limit === undefined ? undefined : { limit, intervalMs: MINUTE_MS };
}
