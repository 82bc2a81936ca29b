/**
 * Why a request was refused, as a stable word:
 *
 * - `missing_header`: a header of the scheme is not there; not signed, or signed by another scheme
 * - `duplicate_header`: a header that must be there once came several times
 * - `malformed_header`: a header is not of the form that the scheme writes
 * - `timestamp_too_old`: signed longer ago than the tolerance; held up, or repeated by somebody who listened
 * - `timestamp_too_new`: signed in the future, by more than the tolerance; one of the clocks is wrong
 * - `signature_mismatch`: no signature was made with a secret of the receiver over these bytes
 * - `malformed_body`: genuine, and not what the envelope writes
 * - `missing_id`: genuine, and without the id by which repetitions are to be recognised
 * - `replayed`: `seen` knows its id
 * - `wrong_method`, `body_too_large`, `body_incomplete`: of handlers, which read the request themselves; not POST, longer than
 *   `maxBodyBytes`, or cut off before its end
 */
export type RefusalReason =
  | 'missing_header'
  | 'duplicate_header'
  | 'malformed_header'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'signature_mismatch'
  | 'malformed_body'
  | 'missing_id'
  | 'replayed'
  | 'wrong_method'
  | 'body_too_large'
  | 'body_incomplete';

/** A request that must not be trusted. */
export interface Refusal {
  readonly ok: false;
  /** To match on. */
  readonly reason: RefusalReason;
  /** A sentence for logs: which header, what was expected. Shows nothing of the body, of a signature or of a secret. */
  readonly why: string;
}

/**
 * The status with which a handler answers each refusal. 401: it may come from anybody. 400: what it says cannot be used.
 * A sender tries both again, so that a receiver that was misconfigured for an hour has lost nothing.
 */
export const REFUSAL_STATUS: Readonly<Record<RefusalReason, number>> = {
  missing_header: 401,
  duplicate_header: 400,
  malformed_header: 400,
  timestamp_too_old: 401,
  timestamp_too_new: 401,
  signature_mismatch: 401,
  malformed_body: 400,
  missing_id: 400,
  replayed: 401,
  wrong_method: 405,
  body_too_large: 413,
  body_incomplete: 400,
};

/** All reasons. */
export const REFUSAL_REASONS: readonly RefusalReason[] = Object.keys(REFUSAL_STATUS) as RefusalReason[];

export function refuse(reason: RefusalReason, why: string): Refusal {
  return { ok: false, reason, why };
}

/** A body of which the end is missing. */
export const CUT: Refusal = refuse('body_incomplete', 'the connection ended before the body did');
