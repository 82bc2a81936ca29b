/** Verification: from the bytes and headers of a request to a message, or to the reason why it is not to be trusted. */
import { CHALLENGE_TYPE } from '../core/endpoint-challenge.ts';
import type { SignatureScheme } from '../core/signature-schemes.ts';
import { type RawBody, toBodyBytes } from './body-bytes.ts';
import { readChallenge } from './challenge.ts';
import type { Contents } from './contents.ts';
import { ENVELOPE_READERS } from './envelopes.ts';
import type { MessageOf } from './message.ts';
import { findId, findType, identifyContents, MISSING_ID } from './identity.ts';
import { type Refusal, refuse } from './refusal.ts';
import { readHeaders, type RequestHeaders, type WebhookHeaders } from './request-headers.ts';
import { judgeTime, readSigned, type SignedRequest } from './signed-request.ts';
import {
  type ResolvedVerification,
  resolveVerification,
  type VerifyWebhookOptions,
} from './verify-options.ts';
import { type CheckSignature, importKey } from './web-crypto.ts';

/** Outcome of a verification. */
export type WebhookVerification<Events extends object = Record<string, unknown>> =
  { readonly ok: true; readonly message: MessageOf<Events> } | Refusal;

/** Verifies requests, each by its raw body and headers. */
export type WebhookVerifier<Events extends object = Record<string, unknown>> = (
  rawBody: RawBody,
  headers: WebhookHeaders,
) => Promise<WebhookVerification<Events>>;

/**
 * Verifies a request: its signature, the time when it was made, and, with `seen`, that it is no repetition; then unwraps the
 * message. Whatever a sender sends, the answer is a value: only a mistake of the receiver is thrown.
 *
 *     const result = await verifyWebhook(rawBody, request.headers, { secret: 'whsec_…' });
 *     if (result.ok) console.log(result.message.type, result.message.data);
 *
 * To verify many requests, {@link createWebhookVerifier} does the work that the options need only once.
 *
 * @throws OptionsError for wrong options, and for a body that is not raw: parsed already, or not read
 */
export async function verifyWebhook<Events extends object = Record<string, unknown>>(
  rawBody: RawBody,
  headers: WebhookHeaders,
  options: VerifyWebhookOptions,
): Promise<WebhookVerification<Events>> {
  return createWebhookVerifier<Events>(options)(rawBody, headers);
}

/**
 * {@link verifyWebhook} with its options checked, and its keys imported, once.
 *
 * @throws OptionsError for wrong options
 */
export function createWebhookVerifier<Events extends object = Record<string, unknown>>(
  options: VerifyWebhookOptions,
): WebhookVerifier<Events> {
  const resolved = resolveVerification(options);
  let checks: Promise<readonly CheckSignature[]> | undefined;
  return async (rawBody, headers) => {
    const body = toBodyBytes(rawBody);
    checks ??= Promise.all(resolved.keys.map((key) => importKey(resolved.scheme.algorithm, key)));
    return (await verify(resolved, await checks, body, readHeaders(headers))) as WebhookVerification<Events>;
  };
}

async function verify(
  options: ResolvedVerification,
  checks: readonly CheckSignature[],
  body: Uint8Array<ArrayBuffer>,
  headers: RequestHeaders,
): Promise<WebhookVerification> {
  const signed = readSigned(options.scheme, headers);
  if ('reason' in signed) return signed;
  const problem =
    judgeTime(signed.timestampSeconds, options) ??
    (await judgeSignature(options.scheme, checks, signed, body));
  if (problem !== undefined) return problem;
  const { timestampSeconds } = signed;
  const accept = (
    id: string | undefined,
    type: string,
    { timestamp, data, attributes = {} }: Contents,
  ): WebhookVerification => ({
    ok: true,
    message: {
      id,
      type,
      timestamp,
      data,
      sentAt: timestampSeconds === undefined ? undefined : timestampSeconds * 1000,
      attributes,
    },
  });
  const challenge = readChallenge(body, headers);
  // It has nothing that could be done twice, and need not have an id where messages have it.
  if (challenge !== undefined) return accept(signed.id, CHALLENGE_TYPE, challenge);
  const read = ENVELOPE_READERS[options.envelope](body, headers);
  if ('reason' in read) return read;
  const contents = identifyContents(options, read);
  if ('reason' in contents) return contents;
  const id = findId(options, signed.id, contents, headers);
  if (typeof id === 'object') return id;
  const type = findType(options, contents, headers);
  if (typeof type === 'object') return type;
  return (await judgeRepetition(options, id, timestampSeconds)) ?? accept(id, type, contents);
}

const encoder = new TextEncoder();

async function judgeSignature(
  scheme: SignatureScheme,
  checks: readonly CheckSignature[],
  { id = '', timestampSeconds = 0, signatures }: SignedRequest,
  body: Uint8Array,
): Promise<Refusal | undefined> {
  const prefix = encoder.encode(scheme.signedPrefix({ messageId: id, timestampSeconds }));
  const content = new Uint8Array(prefix.length + body.length);
  content.set(prefix);
  content.set(body, prefix.length);
  const matches = await Promise.all(checks.map((check) => check(signatures, content)));
  if (matches.includes(true)) return undefined;
  return refuse('signature_mismatch', `${scheme.header} was made with another secret, or over other bytes`);
}

/** Asks `seen`, last of all: nobody but the sender can have ids remembered. */
async function judgeRepetition(
  { seen, toleranceSeconds }: ResolvedVerification,
  id: string | undefined,
  timestampSeconds: number | undefined,
): Promise<Refusal | undefined> {
  if (seen === undefined) return undefined;
  if (id === undefined) return refuse('missing_id', MISSING_ID);
  const ttlMs = timestampSeconds === undefined ? Infinity : 2 * toleranceSeconds * 1000;
  return (await seen(id, ttlMs)) ? refuse('replayed', 'a message of this id was received before') : undefined;
}
