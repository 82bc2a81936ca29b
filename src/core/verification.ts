/**
 * What follows for an endpoint from its verification. One that has to prove itself and has not is disabled for the reason `unverified`, whoever
 * wrote its record and however.
 */
import type { EndpointRecord } from './endpoint.ts';
import type { Outcome } from './outcome.ts';
import { detailForOwner } from './owner-detail.ts';
import type { StoredResponse } from './stored-response.ts';
import {
  currentVerification,
  isUnverified,
  type VerificationKind,
  type VerificationReason,
  type VerificationState,
} from './verification-state.ts';

/** What came of one check. */
export type VerificationVerdict =
  | { readonly verified: true; readonly status: number; readonly allowedRate?: number | undefined }
  | {
      readonly verified: false;
      readonly reason: VerificationReason;
      readonly detail: string;
      readonly status?: number | undefined;
      /** It was no answer: another check may get one. */
      readonly again: boolean;
    };

/** Why something is as it is, and what to do about it, for a person. */
export interface Explained {
  /** A clause: `it answered 410 Gone`. */
  readonly why: string;
  /** A sentence. */
  readonly remedy: string;
}

/** When checks are made. */
export interface CheckPlan {
  /** Waits between checks: one more check than these. */
  readonly delaysMs: readonly number[];
  /** Epoch ms. */
  readonly now: number;
}

/**
 * The record with the status that follows from its verification, and without what is known of another URL. Disabled for another reason, it
 * stays so.
 */
export function withVerifiedStatus(given: EndpointRecord): EndpointRecord {
  const { verificationState, ...rest } = given;
  const isStale = verificationState !== undefined && currentVerification(given) === undefined;
  const record: EndpointRecord = isStale ? rest : given;
  if (isUnverified(record))
    return record.status === 'enabled'
      ? { ...record, status: 'disabled', disabledReason: 'unverified' }
      : record;
  if (record.status === 'enabled' || record.disabledReason !== 'unverified') return record;
  const { disabledReason: _over, ...enabled } = record;
  return { ...enabled, status: 'enabled' };
}

/** When its next check is due, epoch ms; `undefined`: none will be made without being asked for. */
export function nextCheckAt(record: EndpointRecord): number | undefined {
  if (record.disabledReason !== 'unverified' || !isUnverified(record)) return undefined;
  const state = currentVerification(record);
  return state === undefined ? -Infinity : state.nextCheckAt;
}

/**
 * The record with a check begun: counted before it is made, so that one that ends its process is made a few times and not for ever, and
 * with the time of the next, so that another process takes over then. `undefined`: none is due.
 *
 * @param timeoutMs how long the check may take
 */
export function beginCheck(
  record: EndpointRecord,
  { delaysMs, now }: CheckPlan,
  timeoutMs: number,
): EndpointRecord | undefined {
  const at = nextCheckAt(record);
  const kind = record.verification;
  if (at === undefined || at > now || kind === undefined || kind === false) return undefined;
  const { nextCheckAt: _due, ...state } = currentVerification(record) ?? { kind, url: record.url, checks: 0 };
  const delayMs = delaysMs[state.checks];
  return {
    ...record,
    verificationState: {
      ...state,
      checks: state.checks + 1,
      ...(delayMs !== undefined && { nextCheckAt: now + timeoutMs + delayMs }),
    },
  };
}

/**
 * The record with what came of a check. `undefined`: nothing is to be written, because the record asks for another one by now, or because
 * it is verified already, which a later failure does not take away.
 */
export function concludeCheck(
  record: EndpointRecord,
  checked: EndpointRecord,
  verdict: VerificationVerdict,
  { delaysMs, now }: CheckPlan,
): EndpointRecord | undefined {
  const { url, verification: kind, createdAt } = checked;
  const isSame = record.url === url && record.verification === kind && record.createdAt === createdAt;
  if (!isSame || kind === undefined || kind === false) return undefined;
  // Where somebody asked for a check before the first of our own, that is still to come.
  const known = currentVerification(record) ?? { kind, url, checks: 0, nextCheckAt: now };
  const { nextCheckAt: planned, ...before } = known;
  if (verdict.verified) {
    const { allowedRate } = verdict;
    const verificationState: VerificationState = {
      kind,
      url,
      checks: before.checks,
      verifiedAt: now,
      ...(allowedRate !== undefined && { allowedRate }),
    };
    return withVerifiedStatus({ ...record, verificationState });
  }
  if (before.verifiedAt !== undefined) return undefined;
  const { reason, detail, status, again } = verdict;
  const isPlanned = again && planned !== undefined && record.disabledReason === 'unverified';
  const delayMs = isPlanned ? delaysMs[Math.max(0, before.checks - 1)] : undefined;
  return {
    ...record,
    verificationState: {
      ...before,
      ...(delayMs !== undefined && { nextCheckAt: now + delayMs }),
      failure: { at: now, reason, detail, ...(status !== undefined && { status }) },
    },
  };
}

/** Statuses below 500 that say: not now. */
const BUSY_STATUSES: readonly number[] = [408, 425, 429];
/** How receivers refuse a signature: the first check is made before whoever owns the endpoint can install a generated secret. */
const STRANGER_STATUSES: readonly number[] = [401, 403];

/**
 * What came of a check; `undefined`: it was called off by a shutdown.
 *
 * @param kind of the check: a handshake is not signed
 * @param judge whether a success response is what was asked for
 */
export function judgeOutcome(
  kind: VerificationKind,
  outcome: Outcome,
  judge: (response: StoredResponse) => VerificationVerdict,
): VerificationVerdict | undefined {
  switch (outcome.kind) {
    case 'delivered':
      return judge(outcome.response);
    case 'interrupted':
      return undefined;
    case 'dispatcher_failed':
      return { verified: false, reason: outcome.reason, detail: outcome.detail, again: true };
    case 'endpoint_failed': {
      const { reason, detail, response } = outcome;
      const status = response?.status;
      if (kind === 'challenge' && status !== undefined && STRANGER_STATUSES.includes(status)) {
        const advice = `${detail} (its receiver may not have the secret yet)`;
        return { verified: false, reason, detail: advice, status, again: true };
      }
      const isAnswer = status !== undefined && status < 500 && !BUSY_STATUSES.includes(status);
      return { verified: false, reason, detail, status, again: !isAnswer && reason !== 'url_refused' };
    }
  }
}

/** Why an unverified endpoint gets nothing, and what to do, for a person. */
export function describeUnverified(record: EndpointRecord): Explained {
  const state = currentVerification(record);
  const [last, when] = describeChecks(state);
  const isPlanned = state?.nextCheckAt !== undefined && nextCheckAt(record) !== undefined;
  return {
    why: `it is not verified: ${last}`,
    remedy: isPlanned
      ? `It is checked ${when} ${new Date(state.nextCheckAt).toISOString()}; endpoints.verify checks it now.`
      : 'Call endpoints.verify to check it now.',
  };
}

/** What is known, and what the next check would be after that. */
function describeChecks(state: VerificationState | undefined): [last: string, when: string] {
  if (state?.failure !== undefined) {
    const { reason, detail } = state.failure;
    return [detailForOwner(reason, detail) ?? `the check ended with ${JSON.stringify(reason)}`, 'again at'];
  }
  // It is under way, or its process ended in the middle of it.
  if (state !== undefined && state.checks > 0)
    return ['a check has begun, and not ended yet', 'once more, if nothing comes of it, at'];
  return ['it was not checked yet', 'at'];
}
