/** Id and type of a message, wherever the sender put them. */
import type { Contents } from './contents.ts';
import type { Refusal } from './refusal.ts';
import type { RequestHeaders } from './request-headers.ts';
import { readIdHeader } from './signed-request.ts';
import type { ResolvedVerification } from './verify-options.ts';

/** Why a message without an id is refused where repetitions are to be recognised. */
export const MISSING_ID =
  'the message has no id to be recognised by: let the sender put it into the body (idInBody), or into a header that idHeader names';

/** The signed id if there is one: whoever repeats a request can change the others. */
export function findId(
  { scheme, idHeader }: ResolvedVerification,
  signedId: string | undefined,
  { signedId: idInBody, unsignedId }: Contents,
  headers: RequestHeaders,
): string | Refusal | undefined {
  const signed = signedId ?? idInBody;
  if (signed !== undefined) return signed;
  if (idHeader !== undefined) return readIdHeader(idHeader, headers);
  if (unsignedId !== undefined) return unsignedId;
  const { idHeader: ofScheme } = scheme;
  return ofScheme !== undefined && headers.has(ofScheme) ? readIdHeader(ofScheme, headers) : undefined;
}

/** The type, which most envelopes have; empty where nothing says it. */
export function findType(
  { typeHeader }: ResolvedVerification,
  { type }: Contents,
  headers: RequestHeaders,
): string | Refusal {
  if (type !== undefined || typeHeader === undefined) return type ?? '';
  const header = headers.one(typeHeader);
  return header.ok ? header.value : header;
}
