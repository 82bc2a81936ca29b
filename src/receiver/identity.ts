/** Id and type of a message, wherever the sender put them. */
import type { Contents } from './contents.ts';
import { catchRejection } from '../core/catch-rejection.ts';
import { unexpected } from '../core/expect-value.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { RequestHeaders } from './request-headers.ts';
import { readIdHeader } from './signed-request.ts';
import type { ResolvedVerification } from './verify-options.ts';

/** Why a message without an id is refused where repetitions are to be recognised. */
export const MISSING_ID =
  'the message has no id to be recognised by: let the sender put it into the body (idInBody), or into a header that idHeader names';

/**
 * What an envelope tells about a message, with what `identify` makes of its data where the envelope says nothing.
 *
 * @throws OptionsError when `identify` answers with something else than an id and a type
 */
export function identifyContents({ identify }: ResolvedVerification, contents: Contents): Contents | Refusal {
  if (identify === undefined) return contents;
  let identity: unknown;
  try {
    identity = identify(contents.data);
  } catch {
    return refuse('malformed_body', 'identify threw at the data: it is not what it expects');
  }
  if (typeof identity !== 'object' || identity === null || catchRejection(identity, () => {}))
    throw unexpected('identify', 'a function that returns { id, type }', identity);
  const { id, type } = identity as { readonly id?: unknown; readonly type?: unknown };
  for (const [name, value] of Object.entries({ id, type }))
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      return refuse('malformed_body', `identify found no text as the ${name} of the message`);
  return {
    ...contents,
    signedId: contents.signedId ?? (id as string | undefined),
    ...(contents.type === undefined && type !== undefined ? { type: type as string } : {}),
  };
}

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
