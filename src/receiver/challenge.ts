/**
 * The challenge of a sender, by which an endpoint proves that it wants what it is sent. Whatever the envelope, it has the form of `standard`,
 * and a header with the token of its body. The body alone could be data that an application was given.
 */
import { CHALLENGE_HEADER, challengeToken } from '../core/endpoint-challenge.ts';
import type { Contents } from './contents.ts';
import { ENVELOPE_READERS } from './envelopes.ts';
import type { WebhookMessage } from './message.ts';
import type { RequestHeaders } from './request-headers.ts';

/** What a genuine request says, if it is a challenge. */
export function readChallenge(body: Uint8Array<ArrayBuffer>, headers: RequestHeaders): Contents | undefined {
  if (!headers.has(CHALLENGE_HEADER)) return undefined;
  const contents = ENVELOPE_READERS.standard(body, headers);
  return 'reason' in contents || tokenOf(contents, headers) === undefined ? undefined : contents;
}

/** The token that is to be given back; `undefined`: it is no challenge. */
export function tokenOf(
  message: Pick<WebhookMessage, 'data'> & { readonly type?: string },
  headers: RequestHeaders,
): string | undefined {
  const header = headers.one(CHALLENGE_HEADER);
  return header.ok ? challengeToken(header.value, message) : undefined;
}
