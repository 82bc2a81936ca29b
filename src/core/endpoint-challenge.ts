/** The challenge that an endpoint must answer before it gets anything: what is asked, and what counts as an answer. */
import type { StoredResponse } from './stored-response.ts';
import type { VerificationVerdict } from './verification.ts';

/** Event type of the request. No application can emit it. */
export const CHALLENGE_TYPE = 'posthorn.endpoint.challenge';

/**
 * Repeats the token of the body, and no application can write it: what tells a challenge from data of the same form, in envelopes whose
 * body is only data.
 */
export const CHALLENGE_HEADER = 'webhook-challenge';

/** Most bytes of an answer that are read. */
export const MAX_CHALLENGE_ANSWER_BYTES = 4096;

/** What the request says. */
export interface ChallengeData {
  readonly endpointId: string;
  /** To be given back. */
  readonly challenge: string;
}

/**
 * The token that a challenge wants given back; `undefined`: it is none.
 *
 * @param header value of {@link CHALLENGE_HEADER}
 * @param body what the JSON of the body says
 */
export function challengeToken(header: string | undefined, body: unknown): string | undefined {
  if (header === undefined) return undefined;
  const { type, data } = (body ?? {}) as { readonly type?: unknown; readonly data?: unknown };
  const { challenge } = (data ?? {}) as { readonly challenge?: unknown };
  return type === CHALLENGE_TYPE && challenge === header ? header : undefined;
}

/**
 * Judges a success response: the token is its whole body, or the member `challenge` of a JSON object.
 *
 * @param isSame compares in a time that does not tell where two texts differ
 */
export function judgeChallengeAnswer(
  response: StoredResponse,
  token: string,
  isSame: (given: string, expected: string) => boolean,
): VerificationVerdict {
  const { status } = response;
  const wrong = (detail: string, again = false): VerificationVerdict => ({
    verified: false,
    reason: 'wrong_answer',
    detail,
    status,
    again,
  });
  if (response.bodyTruncated)
    return wrong(`its answer is longer than ${MAX_CHALLENGE_ANSWER_BYTES} bytes; it must be the token`);
  if (!response.bodyComplete) return wrong('its answer broke off', true);
  if (response.bodyEncoding !== 'utf8') return wrong('its answer is not text; it must be the token');
  if (isSame(readAnswer(response.body), token)) return { verified: true, status };
  return wrong(
    'its answer is not the token; it must be what data.challenge of the request says, as text or as { "challenge": … }',
  );
}

function readAnswer(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'challenge')) {
      const { challenge } = value as { readonly challenge: unknown };
      return typeof challenge === 'string' ? challenge : '';
    }
  } catch {
    // Plain text.
  }
  return body.trim();
}
