/** How a request is answered, and why so. */
import { CHALLENGE_HEADER, challengeToken } from '../../core/endpoint-challenge.ts';
import { consentToHandshake } from '../../core/webhook-handshake.ts';
import type { ReplyDetails } from '../../listener/reply-script.ts';
import type { SeenRequest } from './describe-request.ts';
import type { Forwarded, Forwarder } from './forward-request.ts';
import type { ListenSettings } from './listen-settings.ts';
import { headerOf, jsonOf, type ReceivedRequest } from './received-request.ts';
import { RequestCounts } from './request-counts.ts';

export interface RequestAnswer {
  readonly reply: ReplyDetails & { readonly status: number };
  /** Why it is not what is answered otherwise. */
  readonly why: string | undefined;
  /** What the URL said to which it was forwarded. */
  readonly forwarded?: Forwarded;
}

type AnswerSettings = Pick<ListenSettings, 'status' | 'failures' | 'delayMs' | 'isStrict'>;

export function createAnswers(
  settings: AnswerSettings,
  forwarder: Forwarder | undefined,
): (seen: SeenRequest) => Promise<RequestAnswer> {
  const { failures, delayMs, isStrict } = settings;
  const counts = new RequestCounts();
  return async (seen) => {
    const { request, identity, signature } = seen;
    const asked = answerQuestion(request);
    // Whoever asks them wants to send: a receiver that fails has to get something to fail with.
    if (asked !== undefined) return asked;
    const answer = (status: number, why?: string): RequestAnswer => ({ reply: { status, delayMs }, why });
    if (seen.bodyBytes > request.body.length) return answer(413, 'its body is longer than --max-body allows');
    if (isStrict && signature?.ok === false) return answer(401, 'its signature does not fit');
    const number = failures === 0 ? Infinity : counts.count(request, identity.id);
    if (number <= failures)
      return answer(
        settings.status ?? 503,
        `request ${number} of this message, of which the first ${failures === 1 ? 'fails' : `${failures} fail`}`,
      );
    if (forwarder === undefined) return answer(failures === 0 ? (settings.status ?? 200) : 200);
    return giveBack(await forwarder.send(request), delayMs);
  };
}

/** The challenge of an endpoint, and the handshake of CloudEvents. */
function answerQuestion(request: ReceivedRequest): RequestAnswer | undefined {
  const headers = Object.fromEntries(request.rawHeaders.map(([name, value]) => [name.toLowerCase(), value]));
  const consent = consentToHandshake(request.method, headers);
  if (consent !== undefined)
    return { reply: { status: 200, headers: consent }, why: 'the consent to a handshake' };
  const header = headerOf(request, CHALLENGE_HEADER);
  const token = header === undefined ? undefined : challengeToken(header, jsonOf(request.body));
  if (token === undefined) return undefined;
  const contentType = { 'content-type': 'text/plain' };
  return { reply: { status: 200, headers: contentType, body: token }, why: 'the answer to a challenge' };
}

function giveBack(forwarded: Forwarded, delayMs: number): RequestAnswer {
  if ('failure' in forwarded) return { reply: { status: 502, delayMs }, why: undefined, forwarded };
  const { status, headers, body } = forwarded;
  return { reply: { status, headers, body, delayMs }, why: undefined, forwarded };
}
